"""Training and validation rows: no head in both, and always the same ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from distill.student.splits import split_rows, validation_sample
from schemas.relations import Relation
from schemas.triples import Triple

HEADS = [f"PersonX waits {n}" for n in range(6)]
rows = st.lists(
    st.builds(
        Triple,
        st.sampled_from(HEADS),
        st.sampled_from(list(Relation)),
        st.sampled_from(["bored", "to go"]),
        st.sampled_from([None, "train", "dev", "val", "test"]),
    ),
    max_size=10,
)
MANY = [Triple(f"PersonX waits {n}", Relation.xReact, tail) for n in range(3000) for tail in ("bored", "tired")]


def sorted_rows(some: list[Triple]) -> list[str]:
    return sorted(map(repr, some))


@settings(max_examples=60, deadline=None)
@given(rows)
def test_no_head_is_on_both_sides(given_rows: list[Triple]) -> None:
    training, validation = split_rows(given_rows)
    assert not {t.head for t in training} & {t.head for t in validation}
    assert all(t.split != "test" for t in [*training, *validation])
    held_back = {t.head for t in given_rows if t.split in ("dev", "val", "test")}
    free = [t for t in given_rows if t.head not in held_back]
    assert [t for t in free if t not in training] == [t for t in free if t in validation]
    if any(t.split in ("dev", "val") for t in given_rows):
        assert training == free
    assert tuple(map(sorted_rows, split_rows(given_rows[::-1]))) == (sorted_rows(training), sorted_rows(validation))


def test_without_validation_rows_one_head_in_fifty_validates() -> None:
    training, validation = split_rows(MANY)
    assert len(training) + len(validation) == len(MANY)
    heads = {t.head for t in validation}
    assert 40 < len(heads) < 80
    assert len(validation) == 2 * len(heads)
    fewer, _ = split_rows([t for t in MANY if t.head not in sorted(heads)[::2]])
    assert fewer == training


def test_a_validation_has_whole_heads_and_not_too_many() -> None:
    sample = validation_sample(MANY)
    heads = {t.head for t in sample}
    assert len(heads) == 150
    assert sample == [t for t in MANY if t.head in heads]
    assert validation_sample(sample) == sample
    assert {t.head for t in validation_sample(MANY[::-1])} == heads
    assert validation_sample(MANY[:100]) == MANY[:100]
