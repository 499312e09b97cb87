"""Generated triples beside those of data sets: a lookup with `generated` gets them for relations without data."""

import random

import pytest

from graph.stores.protocol import Lookup, Store, Tails
from graph.tables.merge import Counts
from schemas.relations import Relation
from schemas.triples import Triple, rank
from tests.support.triples import ALL, OpenStore, ask, triple

pytestmark = pytest.mark.anyio

EVENT = "PersonX waits"
S, T = "student:s", "student:t"
NOTHING: list[Relation] = []


def about(relation: str, tail: str, *origins: str, log_prob: float | None = -1.0) -> Triple:
    by_student = any(name.startswith("student:") for name in origins)
    return triple(EVENT, relation, tail, origins=origins, log_prob=log_prob if by_student else None)


async def both(store: Store, *relations: str, **more: object) -> list[Tails | None]:
    """The results of a lookup without `generated`, and of one with it."""
    return await store.tails([ask(EVENT, *relations, generated=generated, **more) for generated in (False, True)])


async def test_log_prob_comes_back_and_the_larger_one_stays(opened: OpenStore) -> None:
    async with opened() as store:
        assert await store.add([about("xWant", "to go", S, log_prob=-1.0)]) == Counts(loaded=1)
        for other, kept in ((-2.5, -1.0), (None, -1.0), (-0.5, -0.5)):
            assert await store.add([about("xWant", "to go", S, log_prob=other)]) == Counts(present=1)
            [tails] = await store.tails([ask(EVENT, "xWant", generated=True)])
            assert tails is not None
            assert tails.triples == [about("xWant", "to go", S, log_prob=kept)]


async def test_likelier_ones_come_first(opened: OpenStore) -> None:
    ordered = [
        about("xWant", "z", S, T, log_prob=-9.0),
        about("xWant", "y", S, log_prob=-0.25),
        about("xWant", "x", S, log_prob=-0.5),
        about("xWant", "a", S, log_prob=None),
        about("xWant", "b", S, log_prob=None),
    ]
    async with opened() as store:
        await store.add(ordered[::-1])
        [tails] = await store.tails([ask(EVENT, "xWant", limit=4, generated=True)])
        assert tails is not None
        assert tails.triples == ordered[:4]


async def test_what_a_data_set_speaks_of_is_its_own(opened: OpenStore) -> None:
    shared, own = about("xWant", "to go", "data", S), about("xWant", "to stay", "data")
    async with opened() as store:
        await store.add([shared, own, about("xWant", "to sing", S), about("xNeed", "a bus", S)])
        for relations in (("xWant", "xNeed"), ALL):
            without, with_all = await both(store, *relations)
            assert without is not None
            assert with_all is not None
            assert (without.triples, without.generated) == ([shared, own], [])
            assert without.missing == [r for r in relations if r != "xWant"]
            assert with_all.triples == [shared, about("xNeed", "a bus", S), own]
            assert with_all.generated == [Relation.xNeed]
            assert with_all.missing == [r for r in relations if r not in ("xWant", "xNeed")]


async def test_an_event_of_which_only_students_spoke_is_unknown_unless_asked_for(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([about("xWant", "to go", S), about("oReact", "none", T)])
        for relations in (("xWant",), ("xNeed",), ("oReact",), ALL):
            without, with_all = await both(store, *relations)
            assert without is None
            assert with_all is not None
        await store.add([about("xAttr", "patient", "data")])
        for relations in (("xWant",), ("xNeed",), ("oReact",)):
            without, _ = await both(store, *relations)
            assert without == Tails(missing=[Relation(relations[0])])


async def test_a_none_alone_makes_an_event_known(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([about("xWant", "to go", S), about("oReact", "none", "data")])
        assert await both(store, "xNeed") == [Tails(missing=[Relation.xNeed])] * 2


async def test_the_none_of_a_student_counts_where_no_data_set_speaks(opened: OpenStore) -> None:
    own = about("xWant", "to go", "data")
    async with opened() as store:
        await store.add([own, about("xWant", "none", S), about("oReact", "none", S)])
        without, with_all = await both(store, "xWant", "oReact")
        assert without == Tails([own], [], missing=[Relation.oReact])
        assert with_all == Tails([own], [Relation.oReact], generated=[Relation.oReact])


async def test_the_none_of_a_data_set_hides_what_a_student_says(opened: OpenStore) -> None:
    async with opened() as store:
        others = ("xWant", "xNeed", "xAttr", "oWant")
        await store.add([about("oReact", "none", "data"), about("oReact", "sad", S)])
        await store.add([about(relation, relation, S) for relation in others])
        for relations in (("oReact",), ("oReact", *others)):
            without, with_all = await both(store, *relations)
            assert without is not None
            assert with_all is not None
            assert without.not_applicable == with_all.not_applicable == [Relation.oReact]
            assert (without.triples, without.missing) == ([], list(relations[1:]))
            assert {t.relation for t in with_all.triples} == set(relations[1:])
            assert (with_all.missing, with_all.generated) == ([], list(relations[1:]))


async def test_missing_does_not_depend_on_filters_and_limit(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([about("xWant", "to go", "data"), about("xNeed", "a bus", S), about("oReact", "none", "data")])
        for more in ({"origins": ("nobody",)}, {"min_p_valid": 0.5}, {"limit": 1}):
            without, with_all = await both(store, "xWant", "xNeed", "oReact", "xAttr", **more)
            assert without is not None
            assert with_all is not None
            assert without.missing == [Relation.xNeed, Relation.xAttr]
            assert with_all.missing == [Relation.xAttr]


def expected_of(triples: list[Triple], lookup: Lookup) -> Tails | None:
    """The same rule by other code."""

    def by_data(one: Triple) -> bool:
        return not all(name.startswith("student:") for name in one.origins)

    if not triples or (not lookup.generated and not any(map(by_data, triples))):
        return None
    tails = Tails()
    for relation in lookup.relations:
        stored = [t for t in triples if t.relation == relation]
        by_data_sets = [t for t in stored if by_data(t)]
        visible = by_data_sets or (stored if lookup.generated else [])
        if not visible:
            tails.missing.append(relation)
        elif not by_data_sets:
            tails.generated.append(relation)
        visible = [t for t in visible if not lookup.origins or set(t.origins) & set(lookup.origins)]
        inferences = [t for t in visible if t.tail != "none"]
        if visible and not inferences:
            tails.not_applicable.append(relation)
        tails.triples.extend(sorted(inferences, key=rank)[: lookup.limit])
    tails.triples.sort(key=rank)
    return tails


async def test_any_mixture_follows_the_rule(opened: OpenStore) -> None:
    rng = random.Random(4)
    origins_of_all = [("data",), (S,), (S, T), ("data", S), ("aaa", S), (S, "zzz")]
    stored: dict[str, list[Triple]] = {}
    for n in range(120):
        event = f"PersonX waits {n}"
        choices = rng.choice([origins_of_all, [(S,), (T,), (S, T)], [("data",)]])
        keys = {(rng.choice(["xWant", "xNeed", "oReact"]), rng.choice(["none", "a", "b"])) for _ in range(n % 6)}
        stored[event] = [
            triple(event, relation, tail, origins=rng.choice(choices), log_prob=rng.choice([None, -1.0, -2.0]))
            for relation, tail in sorted(keys)
        ]
    lookups = [
        Lookup(event, relations, limit, origins=origins, generated=generated)
        for event in stored
        for relations in ((Relation.xWant,), (Relation.oReact, Relation.xWant), (Relation.xAttr,), ALL)
        for limit, origins in ((10, ()), (1, ()), (10, (S,)))
        for generated in (False, True)
    ]
    async with opened() as store:
        await store.add([t for triples in stored.values() for t in triples])
        for lookup, tails in zip(lookups, await store.tails(lookups), strict=True):
            assert tails == expected_of(stored[lookup.event], lookup), lookup
