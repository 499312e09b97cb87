"""Reader processes on the embedded store: what a text costs them, and a graph that cannot be opened."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from graph.query.process import Readers
from graph.query.request import QueryLimits
from graph.stores.connect import open_store
from graph.stores.embedded.store import EmbeddedStore, reader_of
from schemas.errors import BadInput, BadQuery, StoreUnavailable
from tests.support.triples import triple

pytestmark = pytest.mark.anyio
LIMITS = QueryLimits(seconds=10, slots=1)
CALLS = (
    "initcap(x -> x)", "nullif([1, 2], x -> x)", "list_sort([1], x -> x)", "list_filter(x -> x, [1])",
    "list_filter([1], x -> true, x -> true)", "list_transform([1], (x, y) -> x)", "sin((x) -> x + 1)",
    "list_transform([1], size(x -> x))", "[x -> x]",
    *(f"{name}(null)" for name in ("nodes", "rels", "relationships", "properties", "keys", "labels", "label", "type")),
    *(f"{name}($null)" for name in ("start_node", "end_node", "list_any_value", "list_reverse_sort", "list_sum")),
    "properties(null, 1)", "list_reverse_sort($null, 'a')",
)  # fmt: skip
"""Calls that end ladybug."""


async def test_a_refused_text_needs_no_graph(tmp_path: Path) -> None:
    readers = Readers(reader_of(tmp_path / "nothing"), LIMITS)
    try:
        for _ in range(2):
            with pytest.raises(BadQuery, match="this word has no place here") as refused:
                await readers.ask("MATCH (e)\n  DELETE e", {})
            assert (refused.value.line, refused.value.column) == (2, 3)
            assert refused.value.errors[0].value == "DELETE"
            with pytest.raises(BadInput, match="'a'"):
                await readers.ask("RETURN $a", {"a": 2**63})
            assert len(readers.pids) == 1
        with pytest.raises(StoreUnavailable, match="has no graph"):
            await readers.ask("RETURN 1", {})
        async with open_store(str(tmp_path / "nothing")) as store:
            await store.add([triple("PersonX waits", "xWant", "to go home")])
        assert (await readers.ask("MATCH (e:Event) RETURN e.text", {})).rows == [["PersonX waits"]]
    finally:
        await readers.close()


async def test_calls_that_end_ladybug_are_refused(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "store"), queries=LIMITS) as store:
        assert isinstance(store, EmbeddedStore)
        await store.add([triple("PersonX waits", "xWant", "to go home")])
        assert (
            await store.query("RETURN list_transform([1, 2], x -> x + 1), list_filter([1, 2], (x) -> x > 1)", {})
        ).rows
        assert (await store.query("MATCH (a)-[]->(b), (c)<--(d)-->() WITH a LIMIT 1 RETURN label(a)", {})).rows
        pids = store.readers.pids
        for call in CALLS:
            with pytest.raises(BadQuery) as refused:
                await store.query(f"RETURN {call} AS x", {"null": None} if "$" in call else {})
            assert refused.value.column > 7, call
        with pytest.raises(BadQuery, match=r"Expected: \(DOUBLE,INT64\)"):
            await store.query("RETURN round(2.5)", {})
        assert store.readers.pids == pids


async def test_a_process_that_is_lost_while_idle_costs_no_query(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "store"), queries=LIMITS) as store:
        assert isinstance(store, EmbeddedStore)
        for _ in range(2):
            assert (await store.query("RETURN 1 AS x", {})).rows == [[1]]
            for pid in store.readers.pids:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.1)
