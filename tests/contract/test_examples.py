"""The worked examples of Cypher: the same rows in both stores."""

from pathlib import Path

import pytest

from graph.loading.lines import sources
from graph.loading.loader import Options, load
from graph.query.examples import EXAMPLES
from graph.stores.connect import open_store
from graph.stores.protocol import Neo4jLogin
from tests.support.neo4j_server import Neo4jAddress

pytestmark = pytest.mark.anyio
SAMPLE = Path(__file__).parent.parent.parent / "graph" / "sample.jsonl"


async def test_both_stores_find_the_same(sample_store: str, neo4j_uri: str, neo4j_server: Neo4jAddress) -> None:
    async with (
        open_store(sample_store, read_only=True) as embedded,
        open_store(neo4j_uri, login=Neo4jLogin(password=neo4j_server.password)) as neo4j,
    ):
        await load(neo4j, sources([str(SAMPLE)]), Options(), lambda *_: None)
        for example in EXAMPLES:
            rows, other = [await store.query(example.query, example.parameters) for store in (embedded, neo4j)]
            assert rows.rows, example
            assert (rows.columns, rows.rows, rows.truncated) == (other.columns, other.rows, other.truncated), example
