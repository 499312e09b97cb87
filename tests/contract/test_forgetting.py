"""Removal of an origin."""

import asyncio
import random

import pytest

from graph.stores.forget import Forgotten
from graph.stores.protocol import Search, Stats, Store, Tails
from graph.tables.merge import Counts
from schemas.errors import BadInput
from schemas.triples import Triple
from tests.support.stops import StopAt, Stopped
from tests.support.triples import OpenStore, ask, triple

pytestmark = pytest.mark.anyio

S, T = "student:s", "student:t"


async def all_of(store: Store, *events: str) -> list[Tails | None]:
    return await store.tails([ask(event, limit=1000, generated=True) for event in events])


async def test_edges_go_and_the_nodes_that_are_left_without_any(opened: OpenStore) -> None:
    stays = triple("PersonX naps", "xWant", "to wake", origins=("data",))
    async with opened() as store:
        await store.add(
            [
                stays,
                triple("PersonX naps", "xWant", "to dream", origins=(S,)),
                triple("PersonX waits", "xWant", "to wake", origins=(S,)),
                triple("PersonX waits", "oReact", "none", origins=(S,)),
                triple("PersonX waits", "xEffect", "naps", origins=(S,)),  # AS_EVENT is no reason to stay
            ]
        )
        assert await store.forget(S) == Forgotten(forgotten=3, none=1, kept=0, inferences=2, events=1)
        assert await all_of(store, "PersonX waits", "PersonX naps") == [None, Tails([stays], [], ANY_BUT_X_WANT)]
        stats = await store.stats()
        assert (stats.events, stats.inferences, sum(stats.triples.values()), stats.not_applicable) == (1, 1, 1, 0)
        assert await store.events(Search(5)) == ["PersonX naps"]
        assert await store.events(Search(5, words=("waits",))) == []
        assert await store.events(Search(5, words=("naps",))) == ["PersonX naps"]


ANY_BUT_X_WANT = [r for r in ask("").relations if r != "xWant"]


async def test_what_others_say_too_stays_and_has_no_log_prob_without_a_student(opened: OpenStore) -> None:
    def about(tail: str, *origins: str, log_prob: float | None) -> Triple:
        return triple("PersonX waits", "xWant", tail, origins=origins, log_prob=log_prob, p_valid=0.5, valid=1)

    async with opened() as store:
        await store.add(
            [
                about("a", "data", S, log_prob=-1.0),
                about("b", "data", S, T, log_prob=-2.0),
                about("c", S, T, log_prob=-3.0),
                about("d", T, log_prob=-4.0),
                about("none", "data", S, log_prob=-5.0),
            ]
        )
        assert await store.forget(S) == Forgotten(kept=4)
        [tails] = await store.tails([ask("PersonX waits", "xWant", generated=True)])
        assert tails is not None
        assert tails.triples == [about("b", "data", T, log_prob=-2.0), about("a", "data", log_prob=None)]
        assert await store.forget("data") == Forgotten(forgotten=1, none=1, kept=1, inferences=1)
        [tails] = await store.tails([ask("PersonX waits", "xWant", generated=True)])
        assert tails is not None
        assert tails.triples == [about(t, T, log_prob=p) for t, p in (("b", -2.0), ("c", -3.0), ("d", -4.0))]


async def test_an_origin_that_nobody_has_is_refused_with_some_that_there_are(opened: OpenStore) -> None:
    async with opened() as store:
        with pytest.raises(BadInput, match="nothing is stored"):
            await store.forget("nobody")
        await store.add([triple("PersonX waits", "xWant", "to go", origins=("a", S))])
        await store.add([triple("PersonX waits", "oReact", "none", origins=("b",))])
        with pytest.raises(BadInput) as few:
            await store.forget("student")
        assert few.value.errors[0].allowed == f"an origin that the store has (a, b, {S})"
        await store.add([triple("PersonX waits", "xWant", "to go", origins=tuple(f"set {n:02}" for n in range(12)))])
        with pytest.raises(BadInput) as many:
            await store.forget("nobody")
        names = ", ".join(["a", "b", *(f"set {n:02}" for n in range(8))])
        assert many.value.errors[0].allowed == f"an origin that the store has ({names} and 5 more)"
        assert (await store.stats()).events == 1


async def test_all_can_be_forgotten_and_said_again(opened: OpenStore) -> None:
    one = triple("PersonX waits", "xWant", "to go")
    async with opened() as store:
        await store.add([one])
        before = store.changes.count if store.changes else 0
        assert await store.forget("test") == Forgotten(forgotten=1, inferences=1, events=1)
        assert store.changes is None or store.changes.is_changed(["any event"], before)
        assert (await store.stats()).events == 0
        with pytest.raises(BadInput):
            await store.forget("test")
        assert await store.add([one]) == Counts(loaded=1)
    async with opened() as store:
        assert await all_of(store, one.head) == [Tails([one], [], ANY_BUT_X_WANT)]
        assert await store.events(Search(5, words=("waits",))) == [one.head]


def many(events: int) -> list[Triple]:
    """Triples of data sets and students. Many events share an inference."""
    rng = random.Random(5)
    triples: dict[tuple[str, str, str], Triple] = {}
    for n in range(2 * events):
        relation = rng.choice(["xWant", "xNeed", "oReact"])
        tail = rng.choice(["none", "naps", *(f"to do {k}" for k in range(300))])
        origins = rng.choice([("data",), (S,), (S, T), ("data", S), ("more",)])
        one = triple(f"PersonX waits {n % events}", relation, tail, origins=origins)
        triples[one[:3]] = one
    return list(triples.values())


async def contents(store: Store) -> tuple[Stats, list[str], list[Tails | None]]:
    events = [f"PersonX waits {n}" for n in range(1100)]
    return await store.stats(), await store.events(Search(2000, generated=True)), await all_of(store, *events)


@pytest.mark.parametrize("origin", [S, "data", "more"])
async def test_what_is_left_is_as_if_it_had_never_been_said(opened: OpenStore, origin: str) -> None:
    triples = many(400)
    rest = [t._replace(origins=tuple(o for o in t.origins if o != origin)) for t in triples if t.origins != (origin,)]
    async with opened() as store:
        await store.add(rest)
        expected = await contents(store)
        await store.add(triples)
        with_all = await store.stats()
        counts = await store.forget(origin)
        assert await contents(store) == expected
        stats = expected[0]
        assert counts == Forgotten(
            forgotten=sum(with_all.triples.values()) - sum(stats.triples.values()),
            none=with_all.not_applicable - stats.not_applicable,
            kept=sum(origin in t.origins and t.origins != (origin,) for t in triples),
            inferences=with_all.inferences - stats.inferences,
            events=with_all.events - stats.events,
        )
        assert await store.add(triples) == Counts(counts.forgotten, sum(stats.triples.values()), 0,
                                                  sum(t.tail == "none" for t in triples))  # fmt: skip


async def test_stopped_anywhere_and_run_again_it_completes(opened: OpenStore) -> None:
    # More events than in one removing transaction of Neo4j.
    triples = many(1100) + [triple(f"PersonX waits {n}", "xAttr", "patient", origins=(S,)) for n in range(1100)]
    async with opened() as store:
        await store.add(triples)
        await store.forget(S)
        expected = await contents(store)
        stops = 0
        for last in (1, 2, 12, 25, 26, 40):
            await store.add(triples)
            try:
                await store.forget(S, StopAt(last))
            except Stopped:
                stops += 1
                await store.forget(S)
            assert await contents(store) == expected
        assert stops >= 2


async def test_lookups_and_writes_go_on_meanwhile(opened: OpenStore) -> None:
    kept = [triple(f"PersonX waits {n}", "xWant", f"to do {n}", origins=("data",)) for n in range(200)]
    gone = [t._replace(origins=(S,), tail=f"to sing {n}") for n, t in enumerate(kept)]
    late = [triple(f"PersonX naps {n}", "xWant", f"to sing {n}", origins=("late",)) for n in range(50)]
    async with opened() as store:
        await store.add([*kept, *gone])

        async def write() -> None:
            for one in late:
                await store.add([one])

        async def read() -> None:
            for one in kept:
                [tails] = await store.tails([ask(one.head, "xWant")])
                assert tails is not None
                assert tails.triples == [one]

        await asyncio.gather(store.forget(S), write(), read(), read())
        results = await all_of(store, *(t.head for t in [*kept, *late]))
        assert [tails and tails.triples for tails in results] == [[t] for t in [*kept, *late]]
        assert (await store.stats()).inferences == 250
