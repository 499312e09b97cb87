"""The part of the service that proposes stored events: embeds together, remembers, learns, and says when it cannot."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from distill.embedder.embedder import open_embedder
from distill.weights.minilm import MINILM
from graph.stores.connect import open_store
from graph.stores.protocol import Store
from schemas.errors import Unavailable
from service.runtime.model_process import open_models
from service.runtime.retriever import EmbedderSpec, Retriever, open_retriever
from tests.support.triples import triple

EVENTS = ["PersonX buys a car", "PersonX purchases a vehicle", "PersonX walks the dog", "PersonX waters the garden"]
pytestmark = pytest.mark.anyio


@pytest.fixture
def cache(with_index: dict[str, str]) -> Path:
    return Path(with_index["COMETGRAPH_CACHE"])


async def fill(store: Store, events: list[str]) -> None:
    await store.add([triple(event, "xWant", "to rest") for event in events])


@asynccontextmanager
async def proposing(folder: Path, cache: Path, events: list[str]) -> AsyncIterator[tuple[Store, Retriever]]:
    async with open_store(str(folder / "store")) as store:
        await fill(store, events)
        async with (
            open_models("x") as models,
            open_retriever(store, EmbedderSpec(MINILM, 1, cache), models) as retriever,
        ):
            await retriever.refresh()
            yield store, retriever


async def test_what_is_asked_together_is_embedded_together_and_remembered(tmp_path: Path, cache: Path) -> None:
    async with proposing(tmp_path, cache, EVENTS) as (_, retriever):
        texts = [f"somebody buys {n} cars" for n in range(40)]
        results = await asyncio.gather(*(retriever.near([text], 2) for text in texts))
        assert all([near.event for near in one] == EVENTS[:2] for [one] in results)
        assert retriever.batcher.watched.items == 40
        assert retriever.batcher.watched.batches < 10
        assert await retriever.near(texts, 2) == [one for [one] in results]
        assert retriever.batcher.watched.items == 40
        assert retriever.hits == 40


async def test_an_event_is_nearest_to_itself_and_similarities_are_cosines(tmp_path: Path, cache: Path) -> None:
    async with proposing(tmp_path, cache, EVENTS) as (_, retriever):
        for [first, *_], event in zip(await retriever.near(EVENTS, 4), EVENTS, strict=True):
            assert first.event == event
            assert first.similarity == pytest.approx(1, abs=1e-3)
        similarities = await retriever.similarities(EVENTS[0], [*EVENTS, "a cat sleeps"])
        embedder = open_embedder(MINILM, 1, cache)
        vectors = embedder.embed([*EVENTS, "a cat sleeps"])
        embedder.close()
        assert similarities == pytest.approx((vectors @ vectors[0]).tolist(), abs=1e-3)
        assert await retriever.similarities(EVENTS[0], []) == []
        assert await retriever.near([], 3) == []


async def test_what_is_learnt_is_proposed_at_once(tmp_path: Path, cache: Path) -> None:
    async with proposing(tmp_path, cache, EVENTS) as (store, retriever):
        await fill(store, ["PersonX feeds the cat"])
        await retriever.learn(["PersonX feeds the cat", EVENTS[0]])
        assert retriever.events == 5
        [[near]] = await retriever.near(["PersonX gives the cat its food"], 1)
        assert near.event == "PersonX feeds the cat"


async def test_events_that_come_while_it_is_made_ready_are_not_forgotten(tmp_path: Path, cache: Path) -> None:
    async with open_store(str(tmp_path / "store")) as store:
        await fill(store, EVENTS)
        async with (
            open_models("x") as models,
            open_retriever(store, EmbedderSpec(MINILM, 1, cache), models) as retriever,
        ):
            with pytest.raises(Unavailable, match="the index of events is being made ready"):
                await retriever.near(EVENTS, 1)
            late = [f"PersonX counts {n} sheep" for n in range(100)]
            for event in late:
                await fill(store, [event])
                await retriever.learn([event])
            await retriever.refresh()
            assert retriever.events == 104
            results = await retriever.near(late, 1)
            assert [near.event for [near] in results] == late


async def test_a_reader_does_not_answer_from_an_index_that_lacks_events(tmp_path: Path, cache: Path) -> None:
    async with proposing(tmp_path, cache, EVENTS) as (store, _):
        await fill(store, ["PersonX feeds the cat"])
    async with (
        open_store(str(tmp_path / "store"), read_only=True) as store,
        open_models("x") as models,
        open_retriever(store, EmbedderSpec(MINILM, 1, cache), models, read_only=True, is_late=True) as retriever,
    ):
        with pytest.raises(Unavailable, match="1 events of the store have no vector; `cometgraph index` makes them"):
            await retriever.near(EVENTS, 1)


async def test_after_a_kill_of_the_models_the_index_comes_up_again(tmp_path: Path, cache: Path) -> None:
    async with open_store(str(tmp_path / "store")) as store:
        await fill(store, EVENTS)
        async with (
            open_models("x") as models,
            open_retriever(store, EmbedderSpec(MINILM, 1, cache), models) as retriever,
        ):
            await retriever.refresh()
            assert models.pid is not None
            os.kill(models.pid, signal.SIGKILL)
            with pytest.raises(Unavailable):
                await retriever.near(["somebody buys a car"], 1)
            while retriever.state == "up":  # noqa: ASYNC110 (the end of the process is seen later)
                await asyncio.sleep(0.01)
            await retriever.refresh()
            assert (retriever.state, retriever.doing, retriever.events) == ("up", "", 4)
            [[near]] = await retriever.near(["somebody buys a car"], 1)
            assert near.event == EVENTS[0]


async def test_late_it_is_made_ready_by_the_first_who_asks(tmp_path: Path, cache: Path) -> None:
    async with open_store(str(tmp_path / "store")) as store:
        await fill(store, EVENTS)
        async with (
            open_models("x") as models,
            open_retriever(store, EmbedderSpec(MINILM, 1, cache), models, is_late=True) as retriever,
        ):
            await asyncio.sleep(0.05)
            assert retriever.embedder_info is None
            [[near]], [[same]] = await asyncio.gather(
                retriever.near(["someone buys a car"], 1), retriever.near(["someone buys a car"], 1)
            )
            assert near == same
            assert near.event == EVENTS[0]
            assert np.isfinite(near.similarity)
