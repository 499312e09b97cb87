"""Tables, logs and interrupts of the command line."""

import json
import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.infer import MatchCandidate
from service.cli.candidates import print_candidates
from service.cli.logs import set_up
from service.cli.progress import progress_bar
from service.cli.stopped import Stopped
from service.cli.table import print_table

LOGGERS = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "neo4j")
CELL = "[b]bold[/b] [none] :car: [/] \\[x] "


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.usefixtures("wide")
def test_a_table_shows_each_cell_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(f"{CELL}\x1b[2J", ("name", "count"), [(CELL, "1"), ("a\tb\x9bc", "1,000")], right=(1,))
    title, heading, first, second = capsys.readouterr().out.splitlines()
    assert title == f"{CELL}\N{REPLACEMENT CHARACTER}[2J"
    assert heading.split() == ["name", "count"]
    assert first.startswith(CELL)
    assert second.startswith("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c ")
    assert len(first) == len(second) == len(heading)
    assert (first[-2:], second[-5:]) == (" 1", "1,000")


@pytest.mark.usefixtures("wide")
def test_a_table_without_headings_and_title_has_rows_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ("", ""), [("events", "7")])
    assert capsys.readouterr().out.split() == ["events", "7"]


@pytest.mark.usefixtures("wide")
def test_a_candidate_is_marked_by_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    candidates = [MatchCandidate("PersonX naps", 0.98765, 1.0, same, "the same words") for same in (True, False)]
    print_candidates("PersonX sleeps", candidates)
    _, _, yes, no = capsys.readouterr().out.splitlines()
    assert yes.split("  ")[0] == "yes"
    assert no.split() == ["PersonX", "naps", "0.988", "1.000", "the", "same", "words"]


@pytest.fixture
def _logging() -> Iterator[None]:
    """Put all loggers back."""
    before = [(one := logging.getLogger(name), one.handlers[:], one.level, one.propagate) for name in LOGGERS]
    yield
    for one, handlers, level, propagate in before:
        one.handlers[:] = handlers
        one.setLevel(level)
        one.propagate = propagate


def log_lines(capsys: pytest.CaptureFixture[str], level: str, form: str) -> list[str]:
    """The lines of one log in a form."""
    set_up(level, form)
    log = logging.getLogger("cometgraph.requests")
    log.debug("whisper")
    log.info("request", extra={"said": {"status": 200, "path": "a\nb"}})
    try:
        raise ValueError("bad\nnews")
    except ValueError:
        log.exception("lost %d", 2)
    logging.getLogger("uvicorn.access").info("GET /")
    return capsys.readouterr().err.splitlines()


@pytest.mark.usefixtures("_logging")
def test_a_log_in_json_has_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    request, error = map(json.loads, log_lines(capsys, "info", "json"))
    fields = {"level": "info", "logger": "cometgraph.requests", "message": "request", "status": 200, "path": "a\nb"}
    assert request == fields | {"time": request["time"]}
    assert (error["level"], error["message"]) == ("error", "lost 2")
    assert error["error"].startswith("Traceback")
    assert error["error"].endswith("ValueError: bad\nnews")


@pytest.mark.usefixtures("_logging")
def test_a_log_in_text_has_the_fields_after_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    first, *_ = log_lines(capsys, "info", "text")
    assert first == "info    cometgraph.requests: request status=200 path=a\\nb"
    [error, *_] = log_lines(capsys, "error", "text")
    assert error == "error   cometgraph.requests: lost 2"


@given(st.integers(0, 3))
def test_ctrl_c_ends_the_work_at_its_next_report(reports: int) -> None:
    before, done = signal.getsignal(signal.SIGINT), list[int]()

    def work() -> None:
        with progress_bar() as progress:
            for n in range(10):
                if n == reports:
                    signal.raise_signal(signal.SIGINT)
                progress("counting", n, 10)
                done.append(n)

    with pytest.raises(Stopped):
        work()
    assert done == list(range(reports))
    assert signal.getsignal(signal.SIGINT) is before
