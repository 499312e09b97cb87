"""The edge tables of a bulk import."""

from hypothesis import given, settings

from graph.tables.columns import row_of, table_of, triples_of
from graph.tables.edges import EDGE_TABLES, NOT_APPLICABLE, by_edge_table, ends
from schemas.triples import Triple
from tests.support.drawn_triples import MANY


@given(MANY)
@settings(max_examples=20, deadline=None)
def test_every_row_is_once_in_the_table_of_its_relation_or_of_the_tail_none(triples: list[Triple]) -> None:
    tables = list(by_edge_table(table_of(map(row_of, triples))))
    assert [name for name, _ in tables] == EDGE_TABLES
    found: list[Triple] = []
    for name, rows in tables:
        for one, end in zip(triples_of(rows), ends(name, rows).to_pylist(), strict=True):
            is_none = name == NOT_APPLICABLE
            assert (one.tail == "none") == is_none
            assert (name, end) == ((NOT_APPLICABLE, one.relation.value) if is_none else (one.relation, one.tail))
            found.append(one)
    assert sorted(map(repr, found)) == sorted(map(repr, triples))
