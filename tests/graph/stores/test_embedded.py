"""The embedded store: the replacement of its graph, and relations that it was not made with."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ladybug
import pytest

from graph.stores.common_cypher import STORED_RELATIONS
from graph.stores.connect import open_store
from graph.stores.embedded import cypher
from graph.stores.embedded.writer import SMALL
from graph.stores.protocol import Lookup
from graph.tables.columns import row_of, table_of
from graph.tables.staging import Staging
from schemas.errors import BadInput
from schemas.progress import silent
from schemas.relations import Relation
from tests.support.triples import triple

pytestmark = pytest.mark.anyio

RELATIONS = (Relation.xWant, Relation.xNeed, Relation.xReact, Relation.oReact)
STAYS = triple("PersonX naps", "xWant", "to wake", origins=("stays",))
GOES = [triple("PersonX waits", relation.value, "to go", origins=("goes",)) for relation in RELATIONS]


async def test_a_lookup_that_meets_the_end_of_a_replacement_answers_from_one_graph(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "store")) as store:
        lookup = Lookup("PersonX waits", RELATIONS, 10)
        for _ in range(12):
            await store.add([STAYS, *GOES])
            replacing = asyncio.create_task(store.forget("goes"))
            while not replacing.done():
                [tails] = await store.tails([lookup])
                assert tails is None or len(tails.triples) == len(RELATIONS)
                await asyncio.sleep(0)
            assert (await replacing).forgotten == len(RELATIONS)


@contextmanager
def graph_of(folder: Path) -> Iterator[ladybug.Connection]:
    """The graph of a closed store, by ladybug itself."""
    number = json.loads((folder / "store.json").read_text())["number"]
    with ladybug.Database(folder / f"graph-{number}.lbug") as database, ladybug.Connection(database) as connection:
        yield connection


async def test_the_relations_of_a_store_follow_their_files(tmp_path: Path) -> None:
    async with open_store(str(tmp_path)) as store:
        await store.add([STAYS])
    with graph_of(tmp_path) as graph:
        expected = sorted(graph.execute(STORED_RELATIONS).get_all())
        graph.execute("MATCH (k:Relation {name: 'xWant'}) SET k.phrase = 'once', k.grp = 'event'")
        graph.execute("MATCH (k:Relation {name: 'xNeed'}) DELETE k")
        graph.execute("DROP TABLE xNeed")
    async with open_store(str(tmp_path), read_only=True) as store:
        assert [tails and tails.triples for tails in await store.tails([Lookup(STAYS.head, RELATIONS, 9)])] == [[STAYS]]
        assert (await store.stats()).triples[Relation.xNeed] == 0
    need = triple(STAYS.head, "xNeed", "to lie down")
    async with open_store(str(tmp_path)) as store:
        await store.add([need])
        [tails] = await store.tails([Lookup(STAYS.head, RELATIONS, 9)])
        assert tails is not None
        assert tails.triples == [need, STAYS]
    with graph_of(tmp_path) as graph:
        assert sorted(graph.execute(STORED_RELATIONS).get_all()) == expected


async def test_a_large_load_would_lose_the_triples_of_a_relation_without_a_file(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "store")) as store:
        await store.add([STAYS])
    with graph_of(tmp_path / "store") as graph:
        graph.execute(cypher.relation_table("SymbolOf"))
        graph.execute("CREATE (:Relation {name: 'SymbolOf'})")
        graph.execute("MATCH (e:Event), (i:Inference) CREATE (e)-[:SymbolOf {origins: ['poems']}]->(i)")
    rows = table_of(row_of(triple(f"PersonX waits {n}", "xWant", "to go")) for n in range(SMALL + 1))
    async with open_store(str(tmp_path / "store")) as store:
        with Staging(tmp_path / "staged", 1) as staging:
            staging.put(rows)
            with pytest.raises(BadInput, match=r"COMETGRAPH_RELATIONS: the folder of SymbolOf\.toml"):
                await store.load(staging, silent)
        assert (await store.stats()).events == 1
    with graph_of(tmp_path / "store") as graph:
        assert graph.execute("MATCH ()-[r:SymbolOf]->() RETURN count(r)").get_all() == [[1]]
