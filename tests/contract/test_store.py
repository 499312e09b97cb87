"""The contract of a store, for each implementation."""

import asyncio
from pathlib import Path

import pytest

from graph.loading.lines import sources
from graph.loading.loader import Options, load
from graph.stores.protocol import Search, Store
from graph.tables.merge import Counts
from schemas.errors import BadInput
from schemas.relations import RELATIONS, Relation
from schemas.triples import Triple, rank
from tests.support.triples import ALL, OpenStore, ask, triple

pytestmark = pytest.mark.anyio
CAR = triple("PersonX buys a car", "xIntent", "to get to work")
BIKE = triple("PersonX buys a bike", "xIntent", "to get fit")
X_INTENT = (Relation.xIntent,)


async def tails(store: Store, event: str, *relations: str, **more: object) -> list[Triple] | None:
    [result] = await store.tails([ask(event, *relations, **more)])  # type: ignore[arg-type]
    return None if result is None else result.triples


async def load_lines(store: Store, folder: Path, *lines: str) -> Counts:
    file = folder / "lines.tsv"
    file.write_text("".join(f"{line}\n" for line in lines))
    report = await load(store, sources([str(file)]), Options(origin="test"), lambda *_: None)
    return Counts(report.loaded, report.present, report.duplicate, report.none)


async def test_adding_twice_changes_nothing(opened: OpenStore) -> None:
    async with opened() as store:
        assert [await store.add([CAR]), await store.add([CAR])] == [Counts(loaded=1), Counts(present=1)]
        assert await tails(store, CAR.head, "xIntent") == [CAR]


async def test_an_unknown_event_is_none_and_a_known_one_with_nothing_to_say_is_empty(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([CAR])
        assert await tails(store, "PersonX sells a car", "xIntent") is None
        assert await tails(store, CAR.head, "xNeed") == []
        assert await tails(store, CAR.head) == [CAR]


async def test_every_field_comes_back(opened: OpenStore) -> None:
    full = triple(
        "PersonX buys a car",
        "xIntent",
        'to say "hello", d\'accord; naïve ☂',
        split="val",
        p_valid=0.125,
        valid=-2,
        recalls=(False, False, True, True, True),
        origins=("a", "b, c;d"),
    )
    async with opened() as store:
        await store.add([full])
        assert await tails(store, full.head, "xIntent") == [full]


async def test_all_relations_can_be_stored_and_asked(opened: OpenStore) -> None:
    triples = [triple("PersonX waits", relation, f"tail of {relation}") for relation in RELATIONS]
    async with opened() as store:
        assert await store.add(triples) == Counts(loaded=len(RELATIONS))
        for one in triples:
            assert await tails(store, one.head, one.relation) == [one]
        result = await tails(store, "PersonX waits", limit=1)
        assert result is not None
        assert {t.relation for t in result} == set(RELATIONS)


async def test_the_order_is_score_then_origins_then_text(opened: OpenStore) -> None:
    ordered = [
        triple("PersonX waits", "xWant", "z", p_valid=0.9),
        triple("PersonX waits", "xWant", "y", p_valid=0.5, origins=("a", "b")),
        triple("PersonX waits", "xWant", "a", p_valid=0.5),
        triple("PersonX waits", "xWant", "b", p_valid=0.0),
        triple("PersonX waits", "xWant", "x", origins=("a", "b", "c")),
        triple("PersonX waits", "xWant", "A"),
        triple("PersonX waits", "xWant", "a b"),
        triple("PersonX waits", "xWant", "é"),
    ]
    async with opened() as store:
        await store.add(ordered[::-1])
        assert await tails(store, "PersonX waits", "xWant") == ordered
        assert await tails(store, "PersonX waits", "xWant", limit=3) == ordered[:3]


async def test_limit_holds_for_each_relation(opened: OpenStore) -> None:
    triples = [triple("PersonX waits", r, f"{r} {n}", p_valid=n / 10) for r in ("xWant", "xNeed") for n in range(5)]
    async with opened() as store:
        await store.add(triples)
        result = await tails(store, "PersonX waits", "xNeed", "xWant", limit=2)
    assert result is not None
    assert [t.tail for t in result] == ["xNeed 4", "xWant 4", "xNeed 3", "xWant 3"]


async def test_filters(opened: OpenStore) -> None:
    scored = triple("PersonX waits", "xWant", "scored", p_valid=0.7, origins=("a", "b"))
    low = triple("PersonX waits", "xWant", "low", p_valid=0.2, origins=("b",))
    unscored = triple("PersonX waits", "xWant", "unscored", origins=("c",))
    async with opened() as store:
        await store.add([scored, low, unscored])
        assert await tails(store, "PersonX waits", "xWant", min_p_valid=0.7) == [scored]
        assert await tails(store, "PersonX waits", "xWant", min_p_valid=0.0) == [scored, low]
        assert await tails(store, "PersonX waits", "xWant", origins=("a", "c")) == [scored, unscored]
        assert await tails(store, "PersonX waits", "xWant", origins=("nobody",)) == []


async def test_none_is_an_answer_and_never_an_inference(opened: OpenStore) -> None:
    async with opened() as store:
        counts = await store.add(
            [
                triple("PersonX waits", "oReact", "none"),
                triple("PersonX waits", "oReact", "none", origins=("other",)),
                triple("PersonX waits", "oWant", "none"),
                triple("PersonX waits", "oWant", "to leave"),
            ]
        )
        assert counts == Counts(loaded=1, none=3)
        [result] = await store.tails([ask("PersonX waits")])
        assert result is not None
        assert [t.tail for t in result.triples] == ["to leave"]
        assert result.not_applicable == [Relation.oReact]  # oWant has another tail too
        [other] = await store.tails([ask("PersonX waits", origins=("other",))])
        assert other is not None
        assert (other.triples, other.not_applicable) == ([], [Relation.oReact])
        assert (await store.stats()).not_applicable == 2


async def test_an_event_of_which_only_none_is_known_is_known(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([triple("PersonX waits", "oReact", "none")])
        assert await tails(store, "PersonX waits", "oWant") == []
        assert await store.events(Search(5, prefix="PersonX w")) == ["PersonX waits"]


async def test_later_knowledge_is_merged(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([triple("PersonX waits", "xWant", "to go", p_valid=0.5, split="train", origins=("a",))])
        await store.add([triple("PersonX waits", "xWant", "to go", p_valid=0.9, valid=1, split="test", origins=("b",))])
        await store.add([triple("PersonX waits", "xWant", "to go", p_valid=0.1, valid=-9, origins=("a",))])
        expected = triple("PersonX waits", "xWant", "to go", p_valid=0.9, valid=1, split="test", origins=("a", "b"))
        assert await tails(store, "PersonX waits", "xWant") == [expected]


async def test_many_lookups_are_answered_in_order(opened: OpenStore) -> None:
    triples = [triple(f"PersonX waits {n}", "xWant", f"tail {n}") for n in range(50)]
    async with opened() as store:
        await store.add(triples)
        lookups = [ask(f"PersonX waits {n}", "xWant") for n in range(60)] + [ask("PersonX waits 7", "xWant")]
        result = await store.tails(lookups)
        assert [f and f.triples for f in result] == [[t] for t in triples] + [None] * 10 + [[triples[7]]]


async def test_lookups_at_the_same_time_do_not_disturb_each_other(opened: OpenStore) -> None:
    triples = [triple(f"PersonX waits {n}", "xWant", f"tail {n}") for n in range(40)]
    async with opened() as store:
        await store.add(triples[:20])
        result, *_ = await asyncio.gather(
            asyncio.gather(*(tails(store, t.head) for t in triples[:20] * 3)), store.add(triples[20:])
        )
        assert result == [[t] for t in triples[:20] * 3]
        assert await tails(store, triples[30].head) == [triples[30]]


async def test_events_by_prefix_page_by_page(opened: OpenStore) -> None:
    texts = sorted(f"PersonX buys {thing}" for thing in ("a car", "a bike", "Ärger", "bread", "___", "100 eggs"))
    async with opened() as store:
        await store.add([triple(text, "xWant", "to go home") for text in [*texts, "PersonX sells a car"]])
        assert await store.events(Search(10, prefix="PersonX buys ")) == texts
        first = await store.events(Search(4, prefix="PersonX buys "))
        assert await store.events(Search(4, prefix="PersonX buys ", after=first[-1])) == texts[4:]
        assert await store.events(Search(10, prefix="PersonX b%")) == []


async def test_events_by_words_best_first(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add(
            [triple(e, "xWant", "to go") for e in ("PersonX buys a red car", "PersonX sells a car", "PersonX sleeps")]
        )
        result = await store.events(Search(5, words=("buying", "car")))
        assert result == ["PersonX buys a red car", "PersonX sells a car"]
        assert await store.events(Search(5, words=("buying", "car"), skip=1)) == ["PersonX sells a car"]
        assert await store.events(Search(5, "PersonX s", words=("buying", "car"))) == ["PersonX sells a car"]
        assert await store.events(Search(5, words=("elephant",))) == []


@pytest.mark.parametrize("text", ['"; DROP', "a' OR 1=1 --", "{x: 1}", "foo:bar*", "\\", "AND", "$event", "`"])
async def test_text_is_only_ever_text(opened: OpenStore, text: str) -> None:
    hostile = triple(f"PersonX types {text}", "xWant", f"to see {text}")
    async with opened() as store:
        await store.add([hostile])
        assert await tails(store, hostile.head, "xWant") == [hostile]
        assert await store.events(Search(5, prefix=hostile.head)) == [hostile.head]
        assert await store.events(Search(5, words=("types",))) == [hostile.head]


async def test_stats_count_what_is_there(opened: OpenStore) -> None:
    async with opened() as store:
        assert (await store.stats()).events == 0
        await store.add([CAR, BIKE, triple(CAR.head, "xNeed", "to get fit")])
        stats = await store.stats()
        assert (stats.events, stats.inferences) == (2, 2)
        assert {r: n for r, n in stats.triples.items() if n} == {Relation.xIntent: 2, Relation.xNeed: 1}


async def test_what_was_stored_is_there_after_reopening(opened: OpenStore) -> None:
    async with opened() as store:
        await store.add([CAR])
    async with opened() as store:
        assert await tails(store, CAR.head, "xIntent") == [CAR]
        assert await store.add([CAR, BIKE]) == Counts(loaded=1, present=1)
        assert await store.events(Search(5, words=("bike",))) == [BIKE.head]


async def test_loading_accounts_for_every_row_and_twice_changes_nothing(opened: OpenStore, tmp_path: Path) -> None:
    lines = [f"PersonX waits {n % 40}\txWant\tto do {n}" for n in range(400)]
    lines += [*lines[:7], "PersonX waits 3\toReact\tNONE", "PersonX waits 3\toReact\tn/a"]
    async with opened() as store:
        assert await load_lines(store, tmp_path, *lines) == Counts(loaded=400, duplicate=7, none=2)
        assert await load_lines(store, tmp_path, *lines) == Counts(present=400, duplicate=7, none=2)
        assert await load_lines(store, tmp_path, *lines, "PersonX naps\txWant\tto wake") == Counts(1, 400, 7, 2)
        assert (await store.stats()).events == 41
        assert await store.events(Search(5, words=("naps",))) == ["PersonX naps"]


async def test_the_order_of_loading_does_not_matter(opened: OpenStore, tmp_path: Path) -> None:
    first = [triple("PersonX waits", "xWant", f"t{n}", p_valid=n / 10, origins=("a",)) for n in range(6)]
    second = [triple("PersonX waits", "xWant", f"t{n}", p_valid=0.25, valid=1, origins=("b",)) for n in range(3, 9)]
    async with opened() as store:
        await store.add(second)
        await store.add(first)
        backwards = await tails(store, "PersonX waits", "xWant")
        await store.add(second)
        assert await tails(store, "PersonX waits", "xWant") == backwards
    assert backwards is not None
    assert [(t.tail, t.p_valid, t.valid, t.origins) for t in backwards[:3]] == [
        ("t5", 0.5, 1, ("a", "b")),
        ("t4", 0.4, 1, ("a", "b")),
        ("t3", 0.3, 1, ("a", "b")),
    ]


async def test_changes_tell_which_events_may_be_others_now_or_nothing_at_all(opened: OpenStore) -> None:
    async with opened() as store:
        changes = store.changes
        if changes is None:  # other processes may write, so there is no count
            return
        before = changes.count
        await store.add([CAR])
        assert changes.count == before + 1
        assert changes.is_changed([CAR.head], before)
        assert changes.is_changed(["PersonX waits", CAR.head], before)
        assert not changes.is_changed(["PersonX waits"], before)
        assert not changes.is_changed([CAR.head], changes.count)


async def test_a_lookup_sees_what_was_written_after_the_same_lookup(opened: OpenStore) -> None:
    async with opened() as store:
        for n in range(4):
            texts = [f"t{k}" for k in range(n)]
            for relations in (["xWant"], [*ALL]):
                triples = await tails(store, "PersonX waits", *relations)
                assert (triples and [t.tail for t in triples]) == (texts or None)
            await store.add([triple("PersonX waits", "xWant", f"t{n}")])


async def test_a_triple_without_origin_is_refused(opened: OpenStore) -> None:
    async with opened() as store:
        with pytest.raises(BadInput):
            await store.add([CAR, triple("PersonX waits", "xWant", "to go", origins=())])
        assert (await store.stats()).events == 0


async def test_thousands_at_once_with_few_and_many_origins(opened: OpenStore) -> None:
    triples = [
        triple(f"PersonX waits {n % 700}", "xWant", f"t{n}", origins=tuple("abcd"[: 1 + n % 4])) for n in range(3000)
    ]
    async with opened() as store:
        await store.add([CAR])
        assert await store.add(triples) == Counts(loaded=3000)
        assert await tails(store, "PersonX waits 5", "xWant", limit=1000) == sorted(triples[5::700], key=rank)


async def test_what_only_students_spoke_of_is_listed_where_it_is_asked_for(opened: OpenStore) -> None:
    by_both = triple("PersonX waits for both", "xWant", "to go", origins=("data", "student:s"))
    by_student = triple("PersonX waits alone", "xWant", "to go", origins=("student:s",))
    nothing = triple("PersonX waits for nothing", "oReact", "none", origins=("data",))
    async with opened() as store:
        await store.add([by_both, by_student, nothing])
        visible = [by_both.head, nothing.head]
        every = sorted([*visible, by_student.head])
        for more in ({"prefix": "PersonX w"}, {"words": ("waits",)}):
            assert sorted(await store.events(Search(9, **more))) == visible  # type: ignore[arg-type]
            assert sorted(await store.events(Search(9, **more, generated=True))) == every  # type: ignore[arg-type]
        assert await store.events(Search(1)) == visible[:1]
        assert await store.visible([*every, "PersonX is unknown"]) == set(visible)
        assert await store.visible([]) == set()
        # A generated triple hides no data, and a triple of a data set makes its event visible.
        await store.add([triple(nothing.head, "xWant", "to go", origins=("student:s",))])
        assert await store.visible(every) == set(visible)
        await store.add([by_student._replace(tail="to eat", origins=("data",))])
        assert await store.visible(every) == set(every)
        assert await store.events(Search(9)) == every
        assert sorted(await store.events(Search(9, words=("waits",)))) == every
    async with opened() as store:
        assert await store.events(Search(9)) == every


async def test_what_is_shown_after_forgetting_and_loading(opened: OpenStore, tmp_path: Path) -> None:
    async with opened() as store:
        await store.add(
            [
                triple("PersonX naps", "xWant", "to wake", origins=("data",)),
                triple("PersonX naps", "xWant", "to dream", origins=("student:s",)),
                triple("PersonX waits", "xWant", "to go", origins=("student:s",)),
                triple("PersonX sings", "xWant", "to be heard", origins=("more",)),
            ]
        )
        await store.forget("data")
        assert await store.events(Search(9)) == ["PersonX sings"]
        assert await store.events(Search(9, generated=True)) == ["PersonX naps", "PersonX sings", "PersonX waits"]
        await load_lines(store, tmp_path, "PersonX waits\txWant\tto eat")
        assert await store.events(Search(9)) == ["PersonX sings", "PersonX waits"]
        await load_lines(store, tmp_path, *(f"PersonX naps {n}\txWant\tto eat" for n in range(20_001)))
        listed = await store.events(Search(30_000, generated=True))
        assert set(listed) - set(await store.events(Search(30_000))) == {"PersonX naps"}
        await load_lines(store, tmp_path, "PersonX naps\txWant\tto eat")
        assert await store.events(Search(30_000)) == listed
