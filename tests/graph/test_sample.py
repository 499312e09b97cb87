"""The sample graph: form, balance, and no duplicates."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from graph.sample import SAMPLE
from schemas.events import PERSON, canonical, tidy
from schemas.triples import NONE

RELATIONS = ["xIntent", "xNeed", "xWant", "xEffect", "xReact", "xAttr", "oWant", "oEffect", "oReact", "HinderedBy",
             "isAfter", "isBefore"]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return [json.loads(line) for line in SAMPLE.read_text().splitlines()]


def test_size(rows: list[dict[str, str]]) -> None:
    assert len({row["head"] for row in rows}) >= 250
    assert sum(row["tail"] != NONE for row in rows) >= 5000
    assert Path(SAMPLE).stat().st_size < 1_000_000


def test_form(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert row.keys() == {"head", "relation", "tail"}
        assert canonical(row["head"]) == row["head"]
        assert tidy(row["tail"]) == row["tail"]
        assert not row["tail"].endswith(".")
        assert 1 <= len(row["tail"].split()) <= 12
        if row["relation"] in ("xIntent", "xNeed", "xWant", "oWant") and row["tail"] != NONE:
            assert row["tail"].startswith("to "), row


def test_nothing_twice(rows: list[dict[str, str]]) -> None:
    keys = Counter((row["head"].lower(), row["relation"], row["tail"].lower()) for row in rows)
    assert [key for key, n in keys.items() if n > 1] == []
    both = {(row["head"], row["relation"]) for row in rows if row["tail"] == NONE} & {
        (row["head"], row["relation"]) for row in rows if row["tail"] != NONE
    }
    assert both == set()


def test_balance(rows: list[dict[str, str]]) -> None:
    real = Counter(row["relation"] for row in rows if row["tail"] != NONE)
    assert list(real) == RELATIONS or set(real) == set(RELATIONS)
    assert min(real.values()) >= 300
    assert max(real.values()) <= 2.5 * min(real.values())
    assert {row["relation"] for row in rows if row["tail"] == NONE} >= {"xIntent", "oWant", "oEffect", "oReact"}
    each = Counter(row["head"] for row in rows)
    assert min(each.values()) >= 14
    assert {(row["head"], row["relation"]) for row in rows} == {(h, r) for h in each for r in RELATIONS}


def test_no_tail_fills_up(rows: list[dict[str, str]]) -> None:
    for relation in RELATIONS:
        tails = Counter(row["tail"] for row in rows if row["relation"] == relation and row["tail"] != NONE)
        assert tails.most_common(1)[0][1] <= 20, (relation, tails.most_common(3))


def test_roles_matter(rows: list[dict[str, str]]) -> None:
    feels = {h: {r["tail"] for r in rows if r["head"] == h and r["relation"] == "xReact"}
             for h in ("PersonX hits PersonY", "PersonY hits PersonX")}  # fmt: skip
    assert all(feels.values())
    assert set.intersection(*feels.values()) == set()


def test_paths_can_be_walked(rows: list[dict[str, str]]) -> None:
    heads = {row["head"] for row in rows}
    assert sum(row["relation"] in ("isAfter", "isBefore") and row["tail"] in heads for row in rows) >= 100
    assert all(re.search(PERSON, head) or head[0].islower() for head in heads)
