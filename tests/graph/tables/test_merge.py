"""The merge of rows of the same edge."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.stores.forget import Forgotten, without
from graph.tables.columns import empty, from_properties, properties, row_of, table_of, triples_of
from graph.tables.merge import Counts, merge
from schemas.triples import STUDENT, Triple, is_generated, rank
from tests.support.drawn_triples import MANY, TRIPLES
from tests.support.triples import triple


def joined(*batches: list[Triple]) -> set[Triple]:
    stored = empty()
    for batch in batches:
        stored = merge(stored, table_of(map(row_of, batch))).rows
    return set(triples_of(stored))


@given(MANY)
def test_triples_survive_the_way_to_rows_and_back(triples: list[Triple]) -> None:
    rows = table_of(map(row_of, triples))
    assert triples_of(rows) == triples
    keys = (rows.column(name).combine_chunks() for name in ("head", "relation", "tail"))
    assert from_properties(*keys, properties(rows)).equals(rows)


@given(MANY, MANY)
@settings(max_examples=60)
def test_the_order_does_not_matter_and_again_changes_nothing(a: list[Triple], b: list[Triple]) -> None:
    once = joined(a, b)
    assert joined(b, a) == joined(a + b) == joined(a, b, a) == joined(b[::-1], a[::-1], a, b) == once


@given(MANY, MANY)
@settings(max_examples=60)
def test_every_row_is_counted_once(stored: list[Triple], incoming: list[Triple]) -> None:
    before = merge(empty(), table_of(map(row_of, stored))).rows
    merged = merge(before, table_of(map(row_of, incoming)))
    counts = merged.counts
    assert counts.loaded + counts.present + counts.duplicate + counts.none == len(incoming)
    present = {t[:3] for t in stored}
    new = {t[:3] for t in incoming if t.tail != "none"}
    assert (counts.loaded, counts.present) == (len(new - present), len(new & present))
    assert merged.has_changes == (joined(stored, incoming) != joined(stored))


@pytest.mark.parametrize(
    ("field", "one", "other", "both"),
    [
        ("p_valid", None, 0.0, 0.0),
        ("p_valid", 0.3, 0.7, 0.7),
        ("valid", None, -9, -9),
        ("valid", -9, 2, 2),
        ("valid", 2, 1, 1),
        ("valid", 1, -1, -1),
        ("split", None, "train", "train"),
        ("split", "train", "test", "test"),
        ("split", "dev", "val", "dev"),
        ("recalls", (None,) * 5, (True, False, None, None, None), (True, False, None, None, None)),
        ("recalls", (False,) * 5, (True,) * 5, (True,) * 5),
        ("log_prob", None, -1.0, -1.0),
        ("log_prob", -1.0, -0.5, -0.5),
        ("log_prob", -1.0, 0.0, 0.0),
        ("origins", ("b",), ("a",), ("a", "b")),
    ],
)
def test_the_rule(field: str, one: object, other: object, both: object) -> None:
    batches = [[triple("PersonX waits", "xWant", "to go", **{field: value})] for value in (one, other)]
    assert {getattr(t, field) for t in joined(*batches)} == {both}
    first, second = (table_of(map(row_of, batch)) for batch in batches)
    assert merge(first, second).has_changes == (one != both)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ((None, None), (0.0, "c@1"), (0.0, "c@1")),
        ((0.3, "c@1"), (0.7, "c@1"), (0.7, "c@1")),
        ((0.3, "c@2"), (0.7, "c@1"), (0.7, "c@1")),
        ((0.7, "c@1"), (0.7, "c@2"), (0.7, "c@2")),
        ((0.9, "c@1"), (0.1, None), (0.1, None)),  # a data set's own score stays
        ((0.0, None), (1.0, "c@1"), (0.0, None)),
        ((0.0, None), (0.25, None), (0.25, None)),
        ((None, "c@1"), (None, None), (None, None)),  # no score, so no critic
    ],
)
def test_a_score_and_its_critic_are_one_value(one: Any, other: Any, both: Any) -> None:
    batches = [[triple("PersonX waits", "xWant", "to go", p_valid=p, critic=c)] for p, c in (one, other)]
    # Beside it an edge with other scores: an order of values, not of rows.
    more = [triple("PersonX runs", "xWant", "to go", p_valid=p, critic=c) for p, c in ((0.5, "b@9"), (0.6, None))]
    for order in (batches, batches[::-1], [*batches, more], [more, *batches[::-1]]):
        assert (both[0], both[1]) in {(t.p_valid, t.critic) for t in joined(*order) if t.head == "PersonX waits"}


@given(MANY, st.sampled_from(["a", "b", "c, d", "student:s", "student:t", "z", "nobody"]))
def test_without_an_origin_is_what_the_others_say(triples: list[Triple], origin: str) -> None:
    stored = joined(triples)
    rest, counts, origins = without(table_of(map(row_of, stored)), origin)
    expected = {
        t._replace(
            origins=tuple(name for name in t.origins if name != origin),
            log_prob=t.log_prob if any(o.startswith(STUDENT) for o in t.origins if o != origin) else None,
        )
        if origin in t.origins
        else t
        for t in stored
        if t.origins != (origin,)
    }
    assert set(triples_of(rest)) == expected
    assert len(rest) == len(expected)
    assert origins == {name for t in stored for name in t.origins}
    gone = [t.tail for t in stored if t.origins == (origin,)]
    kept = sum(origin in t.origins for t in stored) - len(gone)
    assert counts == Forgotten(forgotten=len(gone) - gone.count("none"), none=gone.count("none"), kept=kept)
    assert without(rest, origin)[0].equals(rest)


@given(TRIPLES)
def test_what_students_alone_say_is_generated(one: Triple) -> None:
    assert is_generated(one) == (set(one.origins) <= {"student:s", "student:t"})
    assert is_generated(one._replace(origins=one.origins[::-1])) == is_generated(one)
    assert not is_generated(one._replace(origins=()))


@given(st.lists(TRIPLES, min_size=2, max_size=2))
def test_the_order_is_score_then_origins_then_log_prob(pair: list[Triple]) -> None:
    def score(one: Triple) -> float:
        """A critic's score of what students alone say does not count."""
        return -1 if one.p_valid is None or (one.critic and is_generated(one)) else one.p_valid

    first, second = sorted(pair, key=rank)
    keys = [(score(t), len(t.origins), -99 if t.log_prob is None else t.log_prob) for t in (first, second)]
    assert keys[0] >= keys[1]
    assert keys[0] != keys[1] or first.tail <= second.tail


def test_many_groups_keep_the_stored_ones_apart_from_the_new() -> None:
    """Arrow does not promise the order of groups. With few rows it is the order of the rows by chance."""
    stored = merge(empty(), table_of(row_of(triple(f"PersonX {n}", "xWant", f"{n}")) for n in range(50_000))).rows
    incoming = table_of(row_of(triple(f"PersonX {n}", "xWant", f"{n}")) for n in range(25_000, 75_000))
    merged = merge(stored, incoming)
    assert merged.counts == Counts(loaded=25_000, present=25_000)
    assert merged.rows.slice(0, 50_000).select(["head", "tail"]).equals(stored.select(["head", "tail"]))
    assert len(merged.changed) == 0
