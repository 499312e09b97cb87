"""The links of a store: the same in whatever order its triples came."""

import random
from pathlib import Path

import pytest

from graph.loading.lines import sources
from graph.loading.loader import Options, load
from graph.stores.protocol import Store
from tests.support.triples import OpenStore, triple

pytestmark = pytest.mark.anyio
TRIPLES = [
    triple("PersonX gets fired", "xEffect", "cries"),
    triple("PersonX insults PersonY", "xEffect", "gets fired"),
    triple("PersonX insults PersonY", "xWant", "to hug friend"),
    triple("PersonX insults PersonY", "oWant", "to thank PersonX"),
    triple("PersonX insults PersonY", "xReact", "get fired"),
    triple("PersonX insults PersonY", "isBefore", "PersonY gets angry"),
    triple("PersonY gets angry", "xWant", "to buy a car"),
    triple("PersonX thanks PersonY", "oEffect", "gets fired"),
    triple("PersonX buys a car", "xNeed", "to thank PersonY"),
    triple("PersonX buys car", "xNeed", "buys the car"),
    triple("PersonX buys the car", "xEffect", "none"),
    triple("PersonX cries", "HinderedBy", "PersonX gets fired."),
]
LINKS = [
    ["PersonX gets fired.", "PersonX gets fired", "inflection", "X"],
    ["PersonY gets angry", "PersonY gets angry", "text", "X"],
    ["buys the car", "PersonX buys the car", "text", "X"],
    ["cries", "PersonX cries", "text", "X"],
    ["gets fired", "PersonX gets fired", "text", "X"],
    ["gets fired", "PersonX gets fired", "text", "other"],
    ["to buy a car", "PersonX buys a car", "inflection", "X"],
    ["to thank PersonX", "PersonX thanks PersonY", "inflection", "other"],
    ["to thank PersonY", "PersonX thanks PersonY", "inflection", "X"],
]
QUERY = "MATCH (i:Inference)-[r:AS_EVENT]->(e:Event) RETURN i.text, e.text, r.rule, r.reading"


async def links(store: Store) -> list[list[object]]:
    return sorted((await store.query(QUERY, {})).rows)  # type: ignore[type-var]


async def test_links_of_one_load(opened: OpenStore, tmp_path: Path) -> None:
    file = tmp_path / "all.tsv"
    file.write_text("".join(f"{one.head}\t{one.relation}\t{one.tail}\n" for one in TRIPLES))
    async with opened() as store:
        await load(store, sources([str(file)]), Options(origin="test"), lambda *_: None)
        assert await links(store) == LINKS
        report = await store.link()
        assert (report.links, report.added, report.removed) == (len(LINKS), 0, 0)
        for counts in report.relations.values():
            assert counts["tails"] == sum(number for name, number in counts.items() if name != "tails")
        assert report.relations["xWant"]["inflection"] == 1


@pytest.mark.parametrize("seed", [1, 2])
async def test_links_do_not_depend_on_the_order(opened: OpenStore, seed: int) -> None:
    shuffled = random.Random(seed).sample(TRIPLES, len(TRIPLES))
    async with opened() as store:
        for one in shuffled:
            await store.add([one])
        assert await links(store) == LINKS
        report = await store.link()
        assert (report.added, report.removed) == (0, 0)


async def test_a_better_event_takes_the_link(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([triple("PersonX waits", "xWant", "to buy car"), triple("PersonX buys a car", "xWant", "a")])
        assert [row[1:3] for row in await links(store)] == [["PersonX buys a car", "determiner"]]
        await store.add([triple("PersonX buys car", "xWant", "b")])
        assert [row[1:3] for row in await links(store)] == [["PersonX buys car", "inflection"]]


async def test_links_after_an_origin_is_forgotten(opened: OpenStore) -> None:
    waits = "PersonX waits"
    async with opened() as store:
        await store.add(
            [
                triple(waits, "xWant", "to buy car", origins=("data",)),
                triple(waits, "xReact", "gets fired", origins=("data",)),
                triple(waits, "xEffect", "gets fired", origins=("gone",)),
                triple(waits, "oEffect", "gets fired", origins=("data",)),
                triple("PersonX gets fired", "xReact", "sad", origins=("data",)),
                triple("PersonX buys car", "xReact", "glad", origins=("gone",)),
                triple("PersonX buys a car", "xReact", "glad", origins=("data",)),
            ]
        )
        assert len(await links(store)) == 3
        await store.forget("gone")
        assert await links(store) == [
            ["gets fired", "PersonX gets fired", "text", "other"],
            ["to buy car", "PersonX buys a car", "determiner", "X"],
        ]
        report = await store.link()
        assert (report.links, report.added, report.removed) == (2, 0, 0)


async def test_less_sure_links_by_setting(opened: OpenStore) -> None:
    async with opened(min_link=1.0) as store:
        await store.add([triple("PersonX waits", "xWant", "to buy car"), triple("PersonX buys a car", "xWant", "a")])
        assert await links(store) == []
    async with opened() as store:
        report = await store.link()
        assert (report.links, report.added, report.removed) == (1, 1, 0)
        assert [row[2] for row in await links(store)] == ["determiner"]
    async with opened(min_link=1.0) as store:
        report = await store.link()
        assert (report.links, report.added, report.removed) == (0, 0, 1)
        assert await links(store) == []
