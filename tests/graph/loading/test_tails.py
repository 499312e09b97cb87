"""Tails: lists of them, and the many spellings of none."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.loading.cleaning import Cleaner, Filters
from graph.loading.list_cells import elements
from graph.loading.raw import NO_RECALLS, Raw, RowRejected, UnreadableCell
from graph.loading.tails import tail_of
from schemas.events import MAX_TAIL, has_letter, tidy
from tests.support.loading import rows_of

NONE = ["none", "None.", "NONE", "none ", '"none"', "'none'", "“none”", "[none]", "(none)", "<none>", "['none']",
        "none;", "none!", "none...", "-none-", "none, none", "N/A", "n/a.", "na", "n.a.", "#N/A", "n / a"]  # fmt: skip
MISSING = ["nan", "NaN", "null", "NULL", '"nan"', "[null]", "nan.", "<NA>", "", " ", "-", "--", "?", "…", "......."]
TEXTS = ["nothing", "no", "none of them", "nana", "a nan", "nullify it", "nasty", "to go", "n", "7", "-7", "Name", "é"]


@pytest.mark.parametrize("text", NONE)
def test_none(text: str) -> None:
    assert tail_of(text) == "none"


@pytest.mark.parametrize("text", MISSING)
def test_an_empty_cell_is_rejected(text: str) -> None:
    with pytest.raises(RowRejected, match="tail: "):
        tail_of(text)


@pytest.mark.parametrize("text", TEXTS)
def test_other_tails_stay(text: str) -> None:
    assert tail_of(text) == text


def test_kinds_of_nothing_in_a_file(tmp_path: Path) -> None:
    tails = [text for text in NONE + MISSING + TEXTS if text.strip()]
    rows = rows_of(tmp_path / "a.tsv", "".join(f"PersonX waits\txReact\t{tail}\n" for tail in tails))
    assert [tail for *_, tail in rows.triples] == ["none"] * len(NONE) + TEXTS
    assert len(rows.rejects) == len([text for text in MISSING if text.strip()])


@pytest.mark.parametrize("head", ["nan", "null", "[none]", "N/A"])
def test_a_head_of_nothing_is_rejected(tmp_path: Path, head: str) -> None:
    assert "stands for an empty cell" in rows_of(tmp_path / "a.tsv", f"{head}\txReact\thappy\n").reasons[0][1]


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.text("noaNA/ .[]\"'-", max_size=12))
@example("n" * (MAX_TAIL + 1))
def test_a_tail_is_a_tidy_text_with_a_letter_or_rejected(text: str) -> None:
    try:
        tail = tail_of(text)
    except RowRejected:
        return
    assert tail in (tidy(text), "none")
    assert has_letter(tail)
    assert tail_of(tail) == tail


@given(st.text(st.characters(codec="utf-8"), max_size=30) | st.text("noae .", min_size=5, max_size=12))
def test_reading_a_tail_does_not_depend_on_the_fast_path(text: str) -> None:
    def cleaned(tail: str) -> str:
        row = Cleaner(Filters(), None, "x").clean(
            Raw("PersonX", "xWant", tail, None, (None, None, NO_RECALLS, None, None))
        )
        assert row is not None
        return row[2]

    results: list[str] = []
    for clean in (tail_of, cleaned):
        try:
            results.append(clean(text))
        except RowRejected as error:
            results.append(str(error))
    assert results[0] == results[1]


@given(st.lists(st.text() | st.integers(-9, 9) | st.none(), max_size=4))
def test_json_and_python_lists_have_the_same_elements(values: list[object]) -> None:
    assert elements("xWant", json.dumps(values)) == values
    assert elements("xWant", repr(values)) == values
    assert elements("xWant", repr(tuple(values))) == values


@given(st.text("[](){}'\",\\nxa 1:", max_size=40) | st.text())
@example("[" * 5000)
@example("[" * 100_000 + "]" * 100_000)
@example(r"['\d']")
@example("[__import__('os')]")
@example("{'a': 1}")
@example("['a' 'b'")
def test_any_cell_has_elements_or_one_reason(cell: str) -> None:
    values = elements("xWant", cell)
    for value in values:
        if isinstance(value, UnreadableCell):
            assert values == [value]
            assert value.reason.startswith("xWant: ")
            assert len(value.reason) < 200


def test_lists_of_python_in_a_csv(tmp_path: Path) -> None:
    text = (
        "event,xIntent,xReact,oWant,split\n"
        'PersonX bakes a pie,"[\'to eat\', ""it\'s good""]","[\'proud\']","[\'none\']",trn\n'
        "PersonX naps,to rest,\"['calm', nan]\",\"('to wait',)\",trn\n"
        'PersonX sits,nan,none,"[7, ""to wait""]",trn\n'
    )
    rows = rows_of(tmp_path / "a.csv", text)
    assert rows.triples == [
        ("PersonX bakes a pie", "xIntent", "to eat"),
        ("PersonX bakes a pie", "xIntent", "it's good"),
        ("PersonX bakes a pie", "xReact", "proud"),
        ("PersonX bakes a pie", "oWant", "none"),
        ("PersonX naps", "oWant", "to wait"),
        ("PersonX sits", "xReact", "none"),
        ("PersonX sits", "oWant", "to wait"),
    ]
    assert rows.reasons == [
        (3, "xIntent: 'to rest' is no list of texts"),
        (3, "xReact: \"['calm', nan]\" is no list of texts"),
        (4, "tail: 7 is not a text"),
    ]


def test_json_lines_with_a_list_of_tails(tmp_path: Path) -> None:
    row = {"head": "PersonX bakes a pie", "relation": "xNeed"}
    lines = [
        row | {"tails": [" to buy apples", " none", ""]},
        row | {"tails": []},
        row | {"tail": ["to peel them", None]},
        row | {"tails": "to wash"},
        row,
    ]
    rows = rows_of(tmp_path / "kgraph.json", "".join(json.dumps(line) + "\n" for line in lines))
    assert [tail for *_, tail in rows.triples] == ["to buy apples", "none", "to peel them", "to wash"]
    assert rows.reasons == [(1, "tail: empty"), (3, "tail: missing"), (5, "tail: missing")]
