"""The contract of a vector index, for each implementation."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from graph.stores.protocol import Store
from graph.vectors.connect import open_index
from graph.vectors.protocol import VectorIndex
from schemas.embeddings import EmbedderInfo
from schemas.errors import BadInput, StoreUnavailable
from tests.support.triples import OpenStore, triple

pytestmark = pytest.mark.anyio

EMBEDDER = EmbedderInfo("random", "0123456789ab", 32)
OTHER = EmbedderInfo("random", "ba9876543210", 32)
ODD = ["PersonX naïvely waits", "PersonX reads 你好", 'PersonX says "\'`${n}` --"', "PersonX 🎉", "none", "%_*"]


def units(count: int, seed: int = 1, dimension: int = 32) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def heads(count: int, name: str = "waits") -> list[str]:
    return [f"PersonX {name} {n}" for n in range(count)]


async def fill(store: Store, events: list[str], origin: str = "test") -> None:
    await store.add([triple(event, "xWant", "to rest", origins=(origin,)) for event in events])


def both(store: Store, embedder: EmbedderInfo = EMBEDDER, **options: bool) -> AbstractAsyncContextManager[VectorIndex]:
    return open_index(store, embedder, **options)


@asynccontextmanager
async def filled(opened: OpenStore, events: list[str], vectors: NDArray[np.float32]) -> AsyncIterator[VectorIndex]:
    """An index of these events and vectors, in a store with the events."""
    async with opened() as store:
        await fill(store, events)
        async with both(store) as index:
            await index.add(events, vectors)
            await index.optimize()
            yield index


async def test_the_nearest_are_those_of_an_exact_search(opened: OpenStore) -> None:
    events, vectors, queries = heads(400), units(400), units(50, seed=2)
    halves = vectors.astype(np.float16).astype(np.float32)
    halves /= np.linalg.norm(halves, axis=1, keepdims=True)
    cosines = queries @ halves.T
    async with filled(opened, events, vectors) as index:
        results = await index.nearest(queries, 10)
    for row, near in zip(cosines, results, strict=True):
        assert [one.event for one in near] == [events[n] for n in np.argsort(-row)[:10]]
        assert [one.similarity for one in near] == pytest.approx(sorted(row, reverse=True)[:10], abs=1e-6)


async def test_an_empty_index_knows_nothing(opened: OpenStore) -> None:
    async with opened() as store, both(store) as index:
        assert await index.nearest(units(2), 5) == [[], []]
        assert await index.nearest(units(0), 5) == []
        assert await index.missing() == []
        assert await index.count() == 0
        assert await index.vectors(["PersonX waits"]) == {}


async def test_what_is_missing_is_told_until_it_is_added(opened: OpenStore) -> None:
    events, vectors = heads(20), units(20)
    async with opened() as store:
        await fill(store, events)
        async with both(store) as index:
            assert sorted(await index.missing()) == sorted(events)
            await index.add(events[:12], vectors[:12])
            assert sorted(await index.missing()) == sorted(events[12:])
            assert sorted(await index.missing([events[3], events[15]])) == [events[15]]
            assert await index.count() == 12
            await index.add(events, vectors)
            assert await index.missing() == []
            assert await index.count() == 20
        async with both(store) as index:
            assert await index.missing() == []
            assert await index.count() == 20
            [[near]] = await index.nearest(vectors[17:18], 1)
            assert near.event == events[17]
            assert near.similarity == pytest.approx(1, abs=1e-3)


async def test_what_was_added_first_stays(opened: OpenStore) -> None:
    events, first, second = heads(3), units(3), units(3, seed=5)
    async with filled(opened, events, first) as index:
        await index.add(events, second)
        stored = await index.vectors(events)
    for event, vector in zip(events, first, strict=True):
        assert stored[event] == pytest.approx(vector, abs=1e-3)


async def test_an_event_added_later_is_found_at_once(opened: OpenStore) -> None:
    events, vectors = heads(50), units(50)
    late, late_vectors = heads(5, "naps"), units(5, seed=9)
    async with opened() as store:
        await fill(store, events)
        async with both(store) as index:
            await index.add(events, vectors)
            await index.optimize()
            await fill(store, late)
            assert sorted(await index.missing()) == late
            await index.add(late, late_vectors)
            results = await index.nearest(late_vectors, 1)
            assert [near.event for [near] in results] == late


async def test_events_that_are_forgotten_are_not_proposed(opened: OpenStore) -> None:
    stays, goes = heads(30), heads(40, "sings")
    vectors = units(70)
    async with opened() as store:
        await fill(store, stays)
        await fill(store, goes, "gone")
        async with both(store) as index:
            await index.add([*stays, *goes], vectors)
            await index.optimize()
            await store.forget("gone")
            assert await index.missing() == []
            assert await index.count() == 30
            results = await index.nearest(vectors[30:], 30)
            assert {frozenset(near.event for near in some) for some in results} == {frozenset(stays)}
            await fill(store, goes[:1])
            assert await index.missing() == goes[:1]


async def test_any_text_is_an_event(opened: OpenStore) -> None:
    vectors = units(len(ODD))
    async with filled(opened, ODD, vectors) as index:
        assert [near.event for [near] in await index.nearest(vectors, 1)] == ODD
        assert set(await index.vectors(ODD)) == set(ODD)


async def test_another_embedder_is_refused_until_a_rebuild(opened: OpenStore) -> None:
    events = heads(5)
    async with opened() as store:
        await fill(store, events)
        async with both(store) as index:
            await index.add(events, units(5))
        for embedder in (OTHER, EmbedderInfo("random", EMBEDDER.version, 16)):
            with pytest.raises(BadInput, match=r"random \(0123456789ab, 32 dim.*`cometgraph index`"):
                async with both(store, embedder):
                    pass
        async with both(store, EmbedderInfo("another name of it", EMBEDDER.version, 32)) as index:
            assert await index.count() == 5
        other = EmbedderInfo("wide", "aaaaaaaaaaaa", 16)
        async with both(store, other, rebuild=True) as index:
            assert sorted(await index.missing()) == events
            await index.add(events, units(5, dimension=16))
            [[near]] = await index.nearest(units(5, dimension=16)[2:3], 1)
            assert near.event == events[2]
        async with both(store, other, rebuild=True) as index:
            assert await index.count() == 5
        with pytest.raises(BadInput, match="wide"):
            async with both(store):
                pass


async def test_vectors_of_another_dimension_are_refused(opened: OpenStore) -> None:
    async with filled(opened, heads(3), units(3)) as index:
        with pytest.raises(BadInput, match="16 dimensions, the index has 32"):
            await index.nearest(units(1, dimension=16), 1)
        with pytest.raises(BadInput, match="16 dimensions, the index has 32"):
            await index.add(heads(1, "naps"), units(1, dimension=16))
        assert await index.count() == 3


async def test_a_reader_begins_no_index_and_sees_one_that_is_there(opened: OpenStore) -> None:
    events, vectors = heads(4), units(4)
    async with opened() as store:
        await fill(store, events)
        with pytest.raises(StoreUnavailable, match="no index of its events; `cometgraph index` creates it"):
            async with both(store, read_only=True):
                pass
        async with both(store) as index:
            await index.add(events[:3], vectors[:3])
        async with both(store, read_only=True) as index:
            assert await index.count() == 3
            assert await index.missing() == [events[3]]
            [[near]] = await index.nearest(vectors[1:2], 1)
            assert near.event == events[1]


async def test_many_events_of_students_do_not_starve_those_of_data(opened: OpenStore) -> None:
    visible, generated = heads(12), heads(700, "sings")
    far, [near] = units(12), units(1, seed=4)
    crowd = near + 0.01 * units(700, seed=8)
    async with opened() as store:
        await fill(store, visible)
        await fill(store, generated, "student:s")
        async with both(store) as index:
            await index.add([*visible, *generated], np.vstack([far, crowd]).astype(np.float32))
            await index.optimize()
            [first] = await index.nearest(near[None], 10, generated=True)
            assert {one.event for one in first} <= set(generated)
            for k in (1, 10):
                [results] = await index.nearest(near[None], k)
                assert [one.event for one in results] == [visible[n] for n in np.argsort(-(far @ near))[:k]]
            [results] = await index.nearest(near[None], 100)
            assert sorted(one.event for one in results) == sorted(visible)
