"""The embedded store during the replacement of its graph."""

import asyncio
from pathlib import Path

import pytest

from graph.stores.connect import open_store
from graph.stores.protocol import Lookup
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
