"""The scores of critics on stored triples: read, replaced, never mixed up."""

import pytest

from graph.stores.protocol import Search
from graph.tables.merge import Counts
from schemas.triples import Triple
from tests.support.triples import OpenStore, ask, triple

pytestmark = pytest.mark.anyio

EVENT = "PersonX waits"
OLD, NEW = "critic@1", "critic@2"
GO = triple(EVENT, "xWant", "to go", origins=("student:s",), log_prob=-1.0)
EAT = triple(EVENT, "xWant", "to eat", p_valid=0.25, critic=OLD)
OWN = triple(EVENT, "xNeed", "a bus", p_valid=0.5, recalls=(True,) * 5)
NO_REACT = triple(EVENT, "oReact", "none", origins=("student:s",))
RUN = triple("PersonX runs", "xWant", "to rest", p_valid=0.75, critic=NEW)
ALL_OF_IT = [GO, EAT, OWN, NO_REACT, RUN]


def scored(one: Triple, p_valid: float, critic: str = NEW) -> Triple:
    return one._replace(p_valid=p_valid, critic=critic)


async def test_triples_are_all_that_is_stored_whoever_it_comes_from(opened: OpenStore) -> None:
    shown = triple(EVENT, "xNeed", "to sit", origins=("student:s",))  # hidden by a data set's
    async with opened() as store:
        await store.add([*ALL_OF_IT, shown])
        events = [EVENT, "PersonX runs", "PersonX is unknown"]
        assert sorted(await store.triples(events)) == sorted([*ALL_OF_IT, shown])
        assert await store.triples(["PersonX runs"]) == [RUN]
        assert await store.triples([]) == []


async def test_a_score_takes_the_place_of_none_or_of_another_one(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add(ALL_OF_IT)
        assert await store.set_scores([GO, EAT, OWN], [0.5, 0.125, 0.0], NEW) == 3
        assert sorted(await store.triples([EVENT])) == sorted(
            [scored(GO, 0.5), scored(EAT, 0.125), scored(OWN, 0.0), NO_REACT]
        )
        assert await store.set_scores([scored(GO, 0.5)], [1.0], NEW) == 1
        [tails] = await store.tails([ask(EVENT, "xWant", min_p_valid=0.5, generated=True)])
        assert tails is not None
        assert tails.triples == []  # the generated one is hidden by the data set's
        assert await store.set_scores([], [], NEW) == 0
    async with opened() as store:
        assert scored(GO, 1.0) in await store.triples([EVENT])


async def test_a_triple_that_has_changed_meanwhile_keeps_its_score(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add(ALL_OF_IT)
        await store.add([GO._replace(p_valid=0.75, origins=("data",))])
        unknown = triple("PersonX is unknown", "xWant", "to go")
        stale = [GO, EAT._replace(critic=NEW), EAT._replace(p_valid=0.5), OWN._replace(p_valid=None), NO_REACT, unknown]
        assert await store.set_scores([*stale, RUN], [0.0] * 7, NEW) == 1
        kept = GO._replace(p_valid=0.75, origins=("data", "student:s"))
        assert sorted(await store.triples([EVENT, unknown.head])) == sorted([kept, EAT, OWN, NO_REACT])
        assert await store.triples(["PersonX runs"]) == [scored(RUN, 0.0)]
        assert await store.events(Search(9, generated=True)) == ["PersonX runs", EVENT]


async def test_adding_keeps_a_score_and_its_critic_together(opened: OpenStore) -> None:
    async with opened() as store:
        for p_valid, critic, expected in (
            (None, None, (None, None)),
            (0.25, NEW, (0.25, NEW)),
            (0.125, OLD, (0.25, NEW)),
            (0.5, OLD, (0.5, OLD)),
            (0.0, None, (0.0, None)),  # a data set's own score stays
            (1.0, NEW, (0.0, None)),
        ):
            one = triple(EVENT, "xWant", "to go", p_valid=p_valid, critic=critic)
            assert await store.add([one]) in (Counts(loaded=1), Counts(present=1))
            [stored] = await store.triples([EVENT])
            assert (stored.p_valid, stored.critic) == expected


async def test_forgetting_keeps_the_score_of_what_stays(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([EAT, EAT._replace(origins=("other",)), GO])
        await store.forget("other")
        await store.forget("student:s")
        assert await store.triples([EVENT]) == [EAT]


async def test_a_change_of_scores_is_a_change_of_their_events(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add(ALL_OF_IT)
        changes = store.changes
        if changes is None:  # other processes may write, so there is no count
            return
        before = changes.count
        await store.set_scores([GO], [0.5], NEW)
        assert changes.is_changed([EVENT], before)
        assert not changes.is_changed(["PersonX runs"], before)
