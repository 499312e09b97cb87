"""The steps of a walk: the same from every store."""

from typing import Any

import pytest

from graph.links import Link
from graph.links.step import MOST_STEPS, Step, StepSearch
from graph.stores.protocol import Store
from schemas.relations import RELATIONS, Relation
from tests.support.triples import OpenStore, triple

pytestmark = pytest.mark.anyio
STUDENT = ("student:tiny",)
TRIPLES = [
    triple("PersonX misses the bus", "xEffect", "gets fired", p_valid=0.8),
    triple("PersonX misses the bus", "xWant", "to take a taxi", p_valid=0.2),
    triple("PersonX misses the bus", "xReact", "get fired"),
    triple("PersonX misses the bus", "xNeed", "none"),
    triple("PersonX misses the bus", "oWant", "to thank PersonX"),
    triple("PersonX misses the bus", "xEffect", "cries", log_prob=-2.0, origins=STUDENT),
    triple("PersonX gets fired", "xEffect", "thanks PersonY"),
    triple("PersonX thanks PersonY", "oEffect", "gets fired"),
    triple("PersonX cries", "xWant", "to get fired", origins=STUDENT),
    triple("PersonX sobs", "xEffect", "cries"),
]


async def steps(store: Store, *events: str, relations: tuple[Relation, ...] = tuple(RELATIONS), **options: Any) -> Any:
    found = await store.steps(StepSearch(events, relations, **options))
    return [(s.head, s.relation.value, s.tail, s.event, s.rule) for s in found]


async def test_steps_from_events(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add(TRIPLES)
        bus = "PersonX misses the bus"
        assert await steps(store, bus) == [
            (bus, "oWant", "to thank PersonX", "PersonX thanks PersonY", "inflection"),
            (bus, "xEffect", "gets fired", "PersonX gets fired", "text"),
        ]
        assert await steps(store, bus, leaves=True) == [
            (bus, "oWant", "to thank PersonX", "PersonX thanks PersonY", "inflection"),
            (bus, "xEffect", "gets fired", "PersonX gets fired", "text"),
            (bus, "xReact", "get fired", None, None),
            (bus, "xWant", "to take a taxi", None, None),
        ]
        assert await steps(store, bus, generated=True, relations=(Relation.xEffect,)) == [
            (bus, "xEffect", "cries", "PersonX cries", "text"),
            (bus, "xEffect", "gets fired", "PersonX gets fired", "text"),
        ]
        assert await steps(store, bus, leaves=True, min_p_valid=0.5) == [
            (bus, "xEffect", "gets fired", "PersonX gets fired", "text")
        ]
        assert await steps(store, bus, leaves=True, min_link=1.01, relations=(Relation.xEffect,)) == [
            (bus, "xEffect", "gets fired", None, None)
        ]
        assert await steps(store, "PersonX flies", bus, "PersonX gets fired", relations=(Relation.xEffect,)) == [
            ("PersonX gets fired", "xEffect", "thanks PersonY", "PersonX thanks PersonY", "text"),
            (bus, "xEffect", "gets fired", "PersonX gets fired", "text"),
        ]


async def test_values_of_a_step(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add(TRIPLES)
        search = StepSearch(("PersonX misses the bus",), (Relation.xEffect,), generated=True)
        assert await store.steps(search) == [
            Step("PersonX misses the bus", Relation.xEffect, "cries", None, -2.0, True, "PersonX cries", 1.0, "text"),
            Step(
                "PersonX misses the bus",
                Relation.xEffect,
                "gets fired",
                0.8,
                None,
                False,
                "PersonX gets fired",
                1.0,
                "text",
            ),
        ]


async def test_an_event_of_students_is_hidden(opened: OpenStore) -> None:
    """A link to it would tell what somebody asked."""
    async with opened() as store:
        await store.add(TRIPLES)
        sobs = ("PersonX sobs", "xEffect", "cries")
        assert await steps(store, "PersonX sobs", leaves=True) == [(*sobs, None, None)]
        assert await steps(store, "PersonX sobs", generated=True) == [(*sobs, "PersonX cries", "text")]
        assert await store.linked([("to cry", "X")], generated=False) == []
        assert await store.linked([("to cry", "X")], generated=True) == [
            Link("to cry", "PersonX cries", 1.0, "inflection", "X")
        ]


async def test_steps_to_events_and_tails(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add(TRIPLES)
        fired = "PersonX gets fired"
        of_bus = ("PersonX misses the bus", "xEffect", "gets fired", fired, "text")
        of_thanks = ("PersonX thanks PersonY", "oEffect", "gets fired", fired, "text")
        assert await steps(store, fired, backward=True) == [of_bus, of_thanks]
        assert await steps(store, fired, backward=True, generated=True) == [
            ("PersonX cries", "xWant", "to get fired", fired, "inflection"),
            of_bus,
            of_thanks,
        ]
        assert await steps(store, fired, backward=True, relations=(Relation.oEffect,)) == [of_thanks]
        assert await steps(store, fired, backward=True, min_p_valid=0.5) == [of_bus]
        assert await steps(store, backward=True, tails=("gets fired", "get fired", "sleeps")) == [
            (*of_bus[:3], None, None),
            ("PersonX misses the bus", "xReact", "get fired", None, None),
            (*of_thanks[:3], None, None),
        ]


async def test_a_hub_gives_its_best_steps(opened: OpenStore) -> None:
    number = MOST_STEPS + 50
    async with opened() as store:
        heads = [f"PersonX does the work number {n}" for n in range(number)]
        of_heads = [triple(head, "xEffect", "is tired", p_valid=n / number) for n, head in enumerate(heads)]
        await store.add([*of_heads, triple("PersonX is tired", "xWant", "to sleep")])
        found = await store.steps(StepSearch(("PersonX is tired",), (Relation.xEffect,), backward=True))
        assert sorted(step.head for step in found) == sorted(heads[50:])


async def test_links_of_texts(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add(TRIPLES)
        tails = [("to get fired", "X"), ("thanks PersonX", "other"), ("flies", "X")]
        found = await store.linked(tails, generated=False)  # type: ignore[arg-type]
        assert [(link.inference, link.event, link.rule) for link in found] == [
            ("to get fired", "PersonX gets fired", "inflection"),
            ("thanks PersonX", "PersonX thanks PersonY", "inflection"),
        ]
