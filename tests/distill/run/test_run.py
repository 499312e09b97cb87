"""Whole runs against a real server: what is paid, what is kept, and what a second run costs."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from distill.run.config import Config, PriceTable, load_config
from distill.run.place import Place
from distill.run.run import run
from distill.teacher.call_records import by_state
from schemas.errors import BadFile, BadInput
from schemas.progress import silent
from tests.support.completions_server import served
from tests.support.critic_labels import sample_rows, write_labels
from tests.support.server import cometgraph
from tests.support.storyteller import written
from tests.support.teacher_server import TeacherServer
from tests.support.tiny_models import make_encoder

CONFIG = """
name = "test"
{top}
[teacher]
url = "{url}"
model = "storyteller"
[teacher.prices]
prompt = 1
completion = 2
{tables}
[events]
calls = 4
completions = 15
[inferences]
relations = ["xWant", "oReact"]
completions = 4
{inferences}
"""


@pytest.fixture
def server() -> TeacherServer:
    return TeacherServer(write=written)


@pytest.fixture
def url(server: TeacherServer) -> Iterator[str]:
    with served(server.app()) as url:
        yield url


def config_of(folder: Path, url: str, *, top: str = "", tables: str = "", inferences: str = "") -> Config:
    path = folder / "run.toml"
    path.write_text(CONFIG.format(url=url, top=top, tables=tables, inferences=inferences))
    return load_config(str(path))


def place_of(folder: Path, models_cache: Path, log: Path | None = None) -> Place:
    return Place(folder, log or folder / "calls.sqlite", models_cache, 1)


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_all_counts_reconcile_and_the_graph_loads(
    tmp_path: Path, url: str, server: TeacherServer, models_cache: Path
) -> None:
    out = tmp_path / "out"
    config = config_of(tmp_path, url, tables='[filter]\nrecall = "0.5"')
    report = run(config, place_of(out, models_cache), silent)
    stages = report["stages"]
    for stage in ("events", "inferences"):
        counts = stages[stage]
        assert (
            counts["generated"]
            == counts["kept"] + sum(counts["dropped"].values())
            == len(lines(out / f"{stage}.jsonl"))
        )
        assert {"form", "duplicate"} & set(counts["dropped"]) or stage == "inferences"
    assert stages["inferences"]["calls"] == stages["events"]["kept"] * 2
    assert (
        stages["critic"]["rows"] == stages["inferences"]["kept"] == stages["filter"]["kept"] + stages["filter"]["below"]
    )
    assert stages["filter"]["kept"] > 0
    assert len(server.answered) == len(set(server.answered)) == 4 + stages["inferences"]["calls"]
    assert report["spent"]["answered"]["tokens"] == server.tokens
    stored = cometgraph(
        "load", str(out / "kept.jsonl"), "--store", str(tmp_path / "store"), "--report", str(tmp_path / "r")
    )
    assert stored.returncode == 0, stored.stderr
    loaded = orjson.loads((tmp_path / "r").read_bytes())
    assert loaded["read"] == stages["filter"]["kept"]
    assert loaded["rejected"] == 0


def test_kept_rows_have_the_fields_of_atomic_10x(tmp_path: Path, url: str, models_cache: Path) -> None:
    config = config_of(tmp_path, url, tables="[filter]\np_valid = 0.3")
    run(config, place_of(tmp_path, models_cache), silent)
    rows = lines(tmp_path / "kept.jsonl")
    recalls = [f"rec_0.{n}" for n in (5, 6, 7, 8, 9)]
    assert {tuple(row) for row in rows} == {
        ("head", "relation", "tail", "inference", "split", "p_valid_model", "origins", *recalls, "critic")
    }
    assert all((row["p_valid_model"] is None) == (row["tail"] == "none") for row in rows)
    assert {row["critic"] is None for row in rows if row["p_valid_model"] is not None} == {False}
    assert all(row["p_valid_model"] is None or row["p_valid_model"] >= 0.3 for row in rows)
    scored = [row for row in lines(tmp_path / "scored.jsonl") if row["p_valid_model"] is not None]
    for row in scored:  # a triple that passes at a low recall passes at a higher one
        assert [row[name] for name in recalls] == sorted(row[name] for name in recalls)
    heads = {row["head"]: row["split"] for row in scored}
    assert all(heads[row["head"]] == row["split"] for row in scored)


def test_a_second_run_costs_nothing(tmp_path: Path, url: str, server: TeacherServer, models_cache: Path) -> None:
    config = config_of(tmp_path, url)
    first = run(config, place_of(tmp_path, models_cache), silent)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jsonl")}
    paid = len(server.answered)
    assert run(config, place_of(tmp_path, models_cache), silent) == first
    assert len(server.answered) == paid
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jsonl")} == before


def test_a_changed_threshold_runs_the_filter_alone(
    tmp_path: Path, url: str, server: TeacherServer, models_cache: Path
) -> None:
    run(config_of(tmp_path, url, tables='[filter]\nrecall = "0.9"'), place_of(tmp_path, models_cache), silent)
    paid, kept = len(server.answered), len(lines(tmp_path / "kept.jsonl"))
    scored = (tmp_path / "scored.jsonl").stat().st_mtime_ns
    run(config_of(tmp_path, url, tables='[filter]\nrecall = "0.5"'), place_of(tmp_path, models_cache), silent)
    assert len(server.answered) == paid
    assert (tmp_path / "scored.jsonl").stat().st_mtime_ns == scored
    assert len(lines(tmp_path / "kept.jsonl")) < kept


def test_another_rule_reads_the_stored_replies(
    tmp_path: Path, url: str, server: TeacherServer, models_cache: Path
) -> None:
    """More dropped events: no call for those that stay."""
    first = run(config_of(tmp_path, url), place_of(tmp_path, models_cache), silent)["stages"]
    paid = len(server.answered)
    config = config_of(tmp_path, url)
    config = config.model_copy(
        update={"inferences": config.inferences.__class__(config.inferences.relations, events=5, completions=4)}
    )
    second = run(config, place_of(tmp_path, models_cache), silent)["stages"]
    assert len(server.answered) == paid
    assert second["inferences"]["calls"] == 10 < first["inferences"]["calls"]


def test_runs_share_a_log(tmp_path: Path, url: str, server: TeacherServer, models_cache: Path) -> None:
    config, log = config_of(tmp_path, url), tmp_path / "shared.sqlite"
    one, two = tmp_path / "one", tmp_path / "two"
    run(config, place_of(one, models_cache, log), silent)
    paid = len(server.answered)
    run(config.model_copy(update={"name": "other"}), place_of(two, models_cache, log), silent)
    assert len(server.answered) == paid
    assert (one / "kept.jsonl").read_bytes() == (two / "kept.jsonl").read_bytes()


def test_an_empty_reply_is_asked_again_as_a_new_call(
    tmp_path: Path, url: str, server: TeacherServer, models_cache: Path
) -> None:
    faults = iter(["empty"] * 3)
    server.fault = lambda: next(faults, "")
    report = run(config_of(tmp_path, url), place_of(tmp_path, models_cache), silent, "events")
    assert report["stages"]["events"]["useless"] == 0
    assert report["spent"]["answered"]["calls"] == 4 + 3


def test_missing_completions_are_counted(tmp_path: Path, models_cache: Path) -> None:
    with served(TeacherServer(lambda: "wrong number of choices", write=written).app()) as url:
        report = run(config_of(tmp_path, url), place_of(tmp_path, models_cache), silent)
    assert report["stages"]["events"]["missing_completions"] == 4
    assert report["stages"]["inferences"]["missing_completions"] == report["stages"]["inferences"]["calls"]


@pytest.mark.parametrize(
    ("tables", "field"),
    [
        ('[filter]\np_valid = 0.5\n[critic]\nname = "nowhere"', "critic"),
        ('[critic]\nlabels = ["nowhere.tsv"]', "nowhere.tsv"),
        ('[critic]\nlabels = ["{labels}"]\n[critic.recipe]\nbase = "./nowhere"', "base"),
        ('[student]\nbase = "./nowhere"', "base"),
        ('[student]\nbase = "{encoder}"', "base"),
    ],
)
def test_a_missing_model_or_file_is_named_before_the_teacher_is_paid(
    tmp_path: Path, url: str, server: TeacherServer, models_cache: Path, tables: str, field: str
) -> None:
    write_labels(tmp_path / "labels.tsv", sample_rows(4))
    (tmp_path / "encoder").mkdir()
    encoder = make_encoder(tmp_path / "encoder")
    config = config_of(tmp_path, url, tables=tables.format(labels=tmp_path / "labels.tsv", encoder=encoder))
    with pytest.raises((BadInput, BadFile), match=field):
        run(config, place_of(tmp_path, models_cache), silent)
    assert not server.answered
    assert run(config, place_of(tmp_path, models_cache), silent, "inferences")["stages"]["inferences"]["kept"]


def test_a_spent_budget_is_reported_and_raised(
    tmp_path: Path, url: str, server: TeacherServer, models_cache: Path
) -> None:
    small = config_of(tmp_path, url, tables="[budget]\ncalls = 20")
    report = run(small, place_of(tmp_path, models_cache), silent)
    assert report["budget_spent"] is True
    assert len(server.answered) == 20
    assert report["stages"]["inferences"]["unpaid"] == report["stages"]["inferences"]["calls"] - 16
    report = run(config_of(tmp_path, url), place_of(tmp_path, models_cache), silent)
    assert report["budget_spent"] is False
    assert len(server.answered) == len(set(server.answered))


def test_other_prices_go_on_with_the_same_budget(
    tmp_path: Path, url: str, server: TeacherServer, models_cache: Path
) -> None:
    dear = config_of(tmp_path, url, tables="[budget]\ndollars = 0.001")
    report = run(dear, place_of(tmp_path, models_cache), silent, "events")
    assert report["stages"]["events"]["unpaid"] > 0
    free = dear.teacher.model_copy(update={"prices": PriceTable(prompt=Decimal(0), completion=Decimal(0))})
    report = run(dear.model_copy(update={"teacher": free}), place_of(tmp_path, models_cache), silent, "events")
    assert report["stages"]["events"]["unpaid"] == 0
    assert len(server.answered) == len(set(server.answered)) == 4


def test_rounds_go_on_until_enough_is_kept(tmp_path: Path, url: str, server: TeacherServer, models_cache: Path) -> None:
    config = config_of(tmp_path, url, top="keep = 400")
    report = run(config, place_of(tmp_path, models_cache), silent)
    assert report["stages"]["filter"]["kept"] >= 400
    assert report["stages"]["events"]["calls"] > 4
    paid = len(server.answered)
    assert run(config, place_of(tmp_path, models_cache), silent) == report
    assert len(server.answered) == paid


def test_the_plan_holds_the_real_figures(tmp_path: Path, url: str, models_cache: Path) -> None:
    report = run(config_of(tmp_path, url), place_of(tmp_path, models_cache), silent)
    for planned in report["planned"]["stages"][:2]:
        real = report["stages"][planned["name"]]["calls"]
        assert planned["calls"]["low"] <= real <= planned["calls"]["high"], planned["name"]
    done = cometgraph("distill", "plan", str(tmp_path / "run.toml"), "--out", str(tmp_path), "--json")
    stages = orjson.loads(done.stdout)["stages"]
    assert [stage["paid"] for stage in stages[:2]] == [
        report["stages"][name]["calls"] for name in ("events", "inferences")
    ]
    assert stages[0]["dollars"] == stages[1]["dollars"] == {"low": 0.0, "high": 0.0}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ('url = "{url}"', "teacher.url"),
        ("completions = 15", "events.completions"),
        ('relations = ["xWant", "oReact"]', "inferences.relations"),
        ('name = "test"', "name"),
    ],
)
def test_a_bad_value_is_named_in_one_line(tmp_path: Path, change: str, field: str) -> None:
    text = CONFIG.format(url="http://127.0.0.1:9/v1", top="", tables="", inferences="")
    change = change.format(url="http://127.0.0.1:9/v1")
    assert change in text
    (tmp_path / "run.toml").write_text(text.replace(change, f"{change.partition('=')[0]}= [-1]"))
    done = cometgraph("distill", "run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "out"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert field in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_stopped_server_stops_the_run_to_be_resumed(tmp_path: Path, models_cache: Path) -> None:
    server = TeacherServer(fault=lambda: "bad key", write=written)
    with served(server.app()) as url:
        config_of(tmp_path, url)
        arguments = ("distill", "run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "out"))
        done = cometgraph(*arguments, env={"COMETGRAPH_CACHE": str(models_cache)})
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "Incorrect API key" in done.stderr
        server.fault = lambda: ""
        done = cometgraph(*arguments, env={"COMETGRAPH_CACHE": str(models_cache)})
        assert done.returncode == 0, done.stderr
    found = by_state(tmp_path / "out" / "calls.sqlite")
    assert found["answered"].calls == len(server.answered)
