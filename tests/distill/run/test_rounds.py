"""Rounds of a run for a number of kept triples, and the plans of such runs."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

import distill.run.plan
import service.cli.distill.plan
from distill.run.config import Config
from distill.run.place import Place
from distill.run.plan import plan
from distill.run.rounds import Rounds, further_calls
from distill.teacher.prices import FREE
from schemas.errors import Unavailable


def config_of(**inferences: Any) -> Config:
    teacher = {"url": "in-process", "model": "smollm2-135m"}
    events = {"calls": 4, "completions": 10}
    values = {"name": "test", "keep": 100, "teacher": teacher, "events": events, "inferences": inferences}
    return Config.model_validate(values)


def place_of(folder: Path) -> Place:
    return Place(folder, folder / "calls.sqlite", folder / "models", 1)


def counts_of(kept: int, events: int, unpaid: int = 0) -> dict[str, dict[str, Any]]:
    return {"filter": {"kept": kept}, "inferences": {"events": events, "unpaid": unpaid}}


def test_a_round_is_as_large_as_it_needs_to_be(tmp_path: Path) -> None:
    config, rounds = config_of(), Rounds(config_of(), place_of(tmp_path))
    assert further_calls(config, rounds, counts_of(100, 30)) == 0
    assert further_calls(config, rounds, counts_of(50, 30)) == 5
    assert further_calls(config, rounds, counts_of(1, 30)) == 16
    assert further_calls(config, rounds, counts_of(50, 30, unpaid=1)) == 0


def test_no_round_for_events_that_nobody_would_ask_about(tmp_path: Path) -> None:
    config = config_of(events=30)
    rounds = Rounds(config, place_of(tmp_path))
    assert further_calls(config, rounds, counts_of(50, 29)) == 5
    assert further_calls(config, rounds, counts_of(50, 30)) == 0


def test_a_round_without_a_further_event_is_the_last_one_also_after_a_restart(tmp_path: Path) -> None:
    config = config_of()
    Rounds(config, place_of(tmp_path)).add(5, events=30)
    rounds = Rounds(config, place_of(tmp_path))
    assert (rounds.calls, rounds.events) == (9, 30)
    with pytest.raises(Unavailable, match="brought no further event: 50 triples are kept"):
        further_calls(config, rounds, counts_of(50, 30))
    assert further_calls(config, rounds, counts_of(50, 31)) > 0


def test_the_plan_of_a_run_without_kept_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def known(_config: Config, _place: Place, _calls: int) -> list[str]:
        return []

    monkeypatch.setattr(distill.run.plan, "known_events", known)
    config = config_of().model_copy(update={"keep": None})
    [events, inferences, *_] = plan(config, place_of(tmp_path), FREE).stages
    assert (events.calls.low, inferences.calls.high) == (4, 0)


def test_the_plan_knows_the_events_of_all_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def known(_config: Config, _place: Place, calls: int) -> list[str]:
        return [f"PersonX drinks cup {n}" for n in range(calls)]

    monkeypatch.setattr(distill.run.plan, "known_events", known)
    config = config_of()
    Rounds(config, place_of(tmp_path)).add(50, events=4)
    [events, inferences, *_] = plan(config, place_of(tmp_path), FREE).stages
    assert events.calls.low == 54
    assert inferences.calls.low == 54 * 9


def test_a_plan_needs_no_folder() -> None:
    done = CliRunner().invoke(service.cli.distill.plan.plan, ["paper", "--json"])
    [events, *_] = orjson.loads(done.output)["stages"]
    assert (events["calls"]["high"], events["paid"]) == (4000, 0)
    assert events["seconds"] == {"low": 300, "high": 86_400}  # one batch
