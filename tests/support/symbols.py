"""A process with the relation SymbolOf and a store: python symbols.py ADDRESS PASSWORD ROWS, or without ROWS.

With a file of rows: the store does not know the relation yet. A reader misses nothing, a writer loads the rows.
Without: the rows are still there. They are forgotten.

It is no module of the tests, since they run without SymbolOf.
"""

import asyncio
import sys
from dataclasses import asdict

from graph.loading.lines import sources
from graph.loading.loader import Options, load
from graph.stores.connect import open_store
from graph.stores.protocol import Lookup, Neo4jLogin, Store
from schemas.progress import silent
from schemas.relations import RELATIONS, Relation

SYMBOL_OF = Relation("SymbolOf")
ALL = tuple(RELATIONS)


async def main(address: str, password: str, rows: str | None) -> None:
    login = Neo4jLogin(password=password)
    if rows is None:
        async with open_store(address, read_only=True, login=login) as store:
            await show(store)
        async with open_store(address, login=login) as store:
            print(asdict(await store.forget("poems")))
            await show(store)
        return
    async with open_store(address, read_only=True, login=login) as store:
        await show(store)
    async with open_store(address, login=login) as store:
        report = await load(store, sources([rows]), Options(origin="poems"), silent)
        print(report.loaded, report.none, report.rejected)
        await show(store)


async def show(store: Store) -> None:
    """Print the triples and the relations that do not apply, by event, and the count of SymbolOf."""
    for relations in (ALL, (SYMBOL_OF,)):  # two kinds of query
        for event in ("PersonX plants a tree", "PersonX waits"):
            [tails] = await store.tails([Lookup(event, relations, 10)])
            print(None if tails is None else ([(t.relation.value, t.tail) for t in tails.triples],
                                              [r.value for r in tails.not_applicable]))  # fmt: skip
    print(sorted({t.relation.value for t in await store.triples(["PersonX plants a tree", "PersonX waits"])}))
    stats = await store.stats()
    print(stats.triples[SYMBOL_OF], stats.unknown_relations)


asyncio.run(main(sys.argv[1], sys.argv[2], *(sys.argv[3:] or [None])))
