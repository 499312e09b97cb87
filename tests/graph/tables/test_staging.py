"""Rows on disk on their way into a store."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.tables.columns import row_of, table_of, triples_of
from graph.tables.staging import Staging
from schemas.triples import Triple
from tests.support.triples import triple

Batch = tuple[bool, list[Triple]]
ROWS = st.builds(
    triple, st.sampled_from(["naps", "waits", "é", "☂", *"abcdefgh"]), st.just("xWant"), st.sampled_from("pqr")
)
BATCHES = st.lists(st.tuples(st.booleans(), st.lists(ROWS, max_size=8)), max_size=6)


def staged(batches: Sequence[Batch], parts: int) -> tuple[list[tuple[list[Triple], list[Triple]]], int]:
    """The stored and incoming triples of each part, and the number of incoming ones. A batch is (is stored, rows)."""
    with TemporaryDirectory() as folder, Staging(Path(folder) / "load", parts) as staging:
        for is_stored, triples in batches:
            put = staging.put_stored if is_stored else staging.put
            put(table_of(map(row_of, triples)))
        return [(triples_of(part.stored), triples_of(part.incoming)) for part in staging.read()], staging.incoming


@given(BATCHES, st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_every_row_comes_back_once_and_a_head_is_in_one_part(batches: list[Batch], parts: int) -> None:
    read, incoming = staged(batches, parts)
    assert len(read) == parts
    for column, is_stored in ((0, True), (1, False)):
        put = [one for kind, triples in batches if kind == is_stored for one in triples]
        assert sorted(one for part in read for one in part[column]) == sorted(put)
        assert is_stored or incoming == len(put)
    heads = [{one.head for rows in part for one in rows} for part in read]
    assert sum(map(len, heads)) == len(set[str]().union(*heads))
