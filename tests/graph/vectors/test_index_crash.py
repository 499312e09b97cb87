"""Kills during the build of an index and during its growth. The next start completes the index.

COMETGRAPH_TEST_KILLS sets the number of kills. The default is three.
"""

import asyncio
import os
import random
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest

from distill.embedder.embedder import open_embedder
from distill.weights.minilm import MINILM
from graph.stores.connect import open_store
from graph.stores.protocol import Search, Store
from graph.vectors.connect import open_index
from schemas.embeddings import Embedder, EmbedderInfo
from tests.support.killer import Killer
from tests.support.server import Server, cometgraph, wait_until_ready

KILLS = int(os.environ.get("COMETGRAPH_TEST_KILLS", "3"))
EVENTS = 2_500
ASKERS = 4
THINGS = ["car", "boat", "lamp", "letter", "coat", "kettle", "ladder", "piano", "tent", "basket", "window", "table"]
VERBS = ["buys", "sells", "paints", "cleans", "fixes", "loses", "finds", "drops", "hides", "sends"]
HEADS = [f"PersonX {VERBS[n % 10]} {n // 120} {THINGS[n // 10 % 12]}s" for n in range(EVENTS)]


@pytest.fixture(scope="module")
def embedder(with_index: dict[str, str]) -> Iterator[Embedder]:
    embedder = open_embedder(MINILM, 2, Path(with_index["COMETGRAPH_CACHE"]))
    yield embedder
    embedder.close()


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with many events and no index."""
    folder = tmp_path_factory.mktemp("graph")
    lines = [f"{head}\txWant\tto rest\n" for head in HEADS]
    (folder / "rows.tsv").write_text("".join(lines))
    done = cometgraph("load", str(folder / "rows.tsv"), "--origin", "test", "--store", str(folder / "store"))
    assert done.returncode == 0, done.stderr
    return folder / "store"


async def all_events(store: Store) -> list[str]:
    events: list[str] = []
    while page := await store.events(Search(1000, after=events[-1] if events else "", generated=True)):
        events += page
    return events


def assert_whole(folder: Path, embedder: Embedder, answers: Collection[str]) -> None:
    asyncio.run(_assert_whole(folder, embedder, answers))


async def _assert_whole(folder: Path, embedder: Embedder, answers: Collection[str]) -> None:
    """Every event has its vector and is the nearest one to it. The events of answers before the kill are among them."""
    async with (
        open_store(str(folder), read_only=True) as store,
        open_index(store, EmbedderInfo.by(embedder), read_only=True) as index,
    ):
        assert index.repaired == ""
        events = await all_events(store)
        assert set(answers) <= set(events)
        assert await index.count() == len(events)
        assert await index.missing() == []
        vectors = embedder.embed(events)
        stored = await index.vectors(events)
        assert np.array([stored[event] for event in events]) == pytest.approx(vectors, abs=2e-3)
        sample = list(range(0, len(events), max(1, len(events) // 300)))
        results = await index.nearest(vectors[sample], 10, generated=True)
        assert [near[0].event for near in results] == [events[n] for n in sample]
        exact = np.argsort(-(vectors[sample] @ vectors.T), axis=1)[:, :10]
        hits = [len({near.event for near in some} & {events[n] for n in row})
                for some, row in zip(results, exact, strict=True)]  # fmt: skip
        assert sum(hits) / (10 * len(hits)) >= 0.98


def test_killed_while_it_is_built(graph: Path, tmp_path: Path, with_index: dict[str, str], embedder: Embedder) -> None:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(graph, tmp_path / name))

    whole = copy("whole")
    started = time.perf_counter()
    done = cometgraph("index", "--store", str(whole), env=with_index)
    seconds = time.perf_counter() - started
    assert done.returncode == 0, done.stderr
    assert f"events {EVENTS:,}  embedded {EVENTS:,}" in done.stdout
    assert_whole(whole, embedder, HEADS)
    killer = Killer(KILLS, seconds)
    for n in range(KILLS):
        store = copy(f"store-{n}")
        killer.run("index", "--store", str(store), env=with_index)
        if n % 2:
            done = cometgraph("index", "--store", str(store), env=with_index)
            assert done.returncode == 0, done.stderr
        else:
            server = Server("--store", str(store), env=with_index)
            server.wait_until_ready()
            assert server.stop() == 0
        assert_whole(store, embedder, HEADS)
        assert not list(store.glob("vectors*.part"))
        assert len(list(store.glob("vectors-*.usearch"))) <= 1
        shutil.rmtree(store)
    assert killer.killed > 0


def test_killed_while_it_keeps_answers(
    tmp_path: Path, with_student: dict[str, str], with_index: dict[str, str], embedder: Embedder
) -> None:
    environment = with_student | with_index
    rng = random.Random(KILLS)
    store = tmp_path / "store"
    numbers = iter(range(1_000_000))
    answers: list[str] = []
    for _ in range(KILLS):
        server = Server("--store", str(store), env=environment)
        events: list[str] = []

        def ask(url: str = server.url, events: list[str] = events) -> None:
            with httpx2.Client(base_url=url, timeout=30) as client:
                while True:
                    # Far from all stored events, so the student must answer.
                    event = f"PersonX carries {next(numbers)} boxes to the attic"
                    try:
                        response = client.get(
                            "/infer", params={"event": event, "relation": "xReact", "mode": "generate"}
                        )
                    except httpx2.TransportError:
                        return
                    if response.status_code == 200 and not response.json()["degraded"]:
                        events.append(event)

        with httpx2.Client(base_url=server.url, timeout=30) as client:
            wait_until_ready(client.get)
        askers = [threading.Thread(target=ask) for _ in range(ASKERS)]
        for asker in askers:
            asker.start()
        deadline = time.monotonic() + 60
        while not events and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(rng.random() / 2)
        server.kill()
        for asker in askers:
            asker.join()
        assert events
        answers += events
        server = Server("--store", str(store), env=environment | {"COMETGRAPH_GENERATE": "false"})
        server.wait_until_ready()
        assert server.stop() == 0
        assert_whole(store, embedder, answers)
