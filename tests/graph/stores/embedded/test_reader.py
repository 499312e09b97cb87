"""Reader processes beside a writer with checkpoints: no wrong answer, and none lost but of the killed."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from graph.query.request import QueryLimits
from graph.stores.connect import open_store
from graph.stores.embedded.store import EmbeddedStore
from schemas.errors import QueryEnded
from tests.support.triples import triple

pytestmark = pytest.mark.anyio
TAILS = ("to go home", "to sleep", "to eat")
COUNTS = "MATCH (e:Event)-[r:xWant]->(i) RETURN count(DISTINCT e.text) AS events, count(r) AS edges, count(i.text) AS i"
ROUNDS = 9


async def test_answers_are_right_while_a_writer_makes_checkpoints_and_readers_are_killed(tmp_path: Path) -> None:
    limits = QueryLimits(seconds=20, slots=2)
    async with open_store(str(tmp_path / "store"), threads=2, queries=limits) as store:
        assert isinstance(store, EmbeddedStore)
        added, has_ended = 0, False

        async def write() -> None:
            nonlocal added
            while not has_ended:
                await store.add([triple(f"PersonX waits {added} days", "xWant", tail) for tail in TAILS])
                added += 1
                if added % 3 == 0:
                    await store._run(lambda: store._graph.rows("CHECKPOINT"))  # pyright: ignore[reportPrivateUsage]
                    await asyncio.sleep(0.3)  # a real one comes every 16 MB, and a reader has to open in between

        writer = asyncio.create_task(write())
        try:
            for number in range(ROUNDS):
                before = added
                query = asyncio.create_task(store.query(COUNTS, {}))
                if number % 3 == 2:
                    await asyncio.sleep(0.002 * number)
                    for pid in store.readers.pids:
                        os.kill(pid, signal.SIGKILL)
                try:
                    [[events, edges, inferences]] = (await query).rows
                except QueryEnded:
                    assert number % 3 == 2
                else:
                    assert before <= events <= added + 1
                    assert edges == inferences == events * len(TAILS)
        finally:
            has_ended = True
            await writer
    names = {path.name.partition(".lbug")[2] for path in (tmp_path / "store").glob("graph-*")}
    assert names <= {"", ".wal"}
