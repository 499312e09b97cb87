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
KILLS = int(os.environ.get("COMETGRAPH_TEST_KILLS", "3"))


async def test_answers_are_right_while_a_writer_makes_checkpoints_and_readers_are_killed(tmp_path: Path) -> None:
    limits = QueryLimits(seconds=20, slots=2)
    async with open_store(str(tmp_path / "store"), threads=2, queries=limits) as store:
        assert isinstance(store, EmbeddedStore)
        added, lost, has_ended = 0, 0, False
        store._graph.rows("CALL checkpoint_threshold = 1000")  # pyright: ignore[reportPrivateUsage]

        async def write() -> None:
            nonlocal added
            while not has_ended:
                await store.add([triple(f"PersonX waits {added} days", "xWant", tail) for tail in TAILS])
                added += 1

        writer = asyncio.create_task(write())
        try:
            for number in range(3 * KILLS):
                before = added
                query = asyncio.create_task(store.query(COUNTS, {}))
                if number % 3 == 2:
                    await asyncio.sleep(0.002 * (number % 9))
                    for pid in store.readers.pids:
                        os.kill(pid, signal.SIGKILL)
                try:
                    [[events, edges, inferences]] = (await query).rows
                except QueryEnded:
                    assert number % 3 == 2
                    lost += 1
                else:
                    assert before <= events <= added + 1
                    assert edges == inferences == events * len(TAILS)
        finally:
            has_ended = True
            await writer
    print(f"{KILLS} kills, {lost} queries lost, {added} checkpoints")
    names = {path.name.partition(".lbug")[2] for path in (tmp_path / "store").glob("graph-*")}
    assert names <= {"", ".wal"}
