"""Scores of stored triples: `distill score` and `load --critic`, on both stores, stopped and killed."""

import asyncio
import json
from asyncio.subprocess import DEVNULL
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from distill.critic import BUNDLED
from distill.critic.critic import Critic, open_critic
from graph.stores.connect import open_store
from graph.stores.protocol import Neo4jLogin
from schemas.errors import StoreUnavailable
from schemas.progress import silent
from schemas.triples import Triple
from service.cli.stored_scores import Scope, ScoreReport, score_stored
from tests.support.critics import critic_of_another_version
from tests.support.loading import jsonl
from tests.support.neo4j_server import Neo4jAddress
from tests.support.server import COMETGRAPH, clean_environment, cometgraph
from tests.support.stops import StopAt, Stopped
from tests.support.triples import OpenStore, triple

pytestmark = pytest.mark.anyio
EVENT = "PersonX waits"
OLD = f"{BUNDLED}@0123456789ab"
GO = triple(EVENT, "xWant", "to go")
EAT = triple(EVENT, "xWant", "to eat", origins=("student:s",))
BUS = triple(EVENT, "xNeed", "a bus", p_valid=0.75)
BORED = triple(EVENT, "xReact", "bored", p_valid=0.25, critic=OLD)
NO_REACT = triple(EVENT, "oReact", "none")
REST = triple("PersonX runs", "xWant", "to rest")
ALL = [GO, EAT, BUS, BORED, NO_REACT, REST]
EVENTS = [EVENT, REST.head]


@pytest.fixture(scope="module")
def cache(with_critic: dict[str, str]) -> Path:
    return Path(with_critic["COMETGRAPH_CACHE"])


@pytest.fixture(scope="module")
def critics(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Critic, Critic]]:
    """The bundled critic, and one of another version."""
    names = (BUNDLED, str(critic_of_another_version(tmp_path_factory.mktemp("other"), cache)))
    one, other = (open_critic(name, cache, 1, silent) for name in names)
    yield one, other
    one.close()
    other.close()


async def test_scores_are_made_and_replaced_within_the_scope(opened: OpenStore, critics: tuple[Critic, Critic]) -> None:
    one, other = critics
    steps: list[tuple[Critic, Scope, ScoreReport]] = [
        (one, "unscored", ScoreReport(6, scored=3, replaced=0, present=0, left=2, none=1, changed=0)),
        (one, "critics", ScoreReport(6, scored=0, replaced=1, present=3, left=1, none=1, changed=0)),
        (one, "critics", ScoreReport(6, scored=0, replaced=0, present=4, left=1, none=1, changed=0)),
        (other, "unscored", ScoreReport(6, scored=0, replaced=0, present=0, left=5, none=1, changed=0)),
        (other, "critics", ScoreReport(6, scored=0, replaced=4, present=0, left=1, none=1, changed=0)),
        (other, "all", ScoreReport(6, scored=0, replaced=1, present=4, left=0, none=1, changed=0)),
    ]
    async with opened() as store:
        await store.add(ALL)
        for critic, scope, expected in steps:
            assert await score_stored(store, critic, scope, silent) == expected
            stored = {t.tail: t for t in await store.triples(EVENTS)}
            by_student = critic.p_valid([EAT[:3]], "student").tolist()
            if scope == "critics":
                names = {t.tail: str(critic) for t in ALL} | {"a bus": None, "none": None}
                assert {tail: t.critic for tail, t in stored.items()} == names
                assert stored["a bus"] == BUS
                assert [stored["to eat"].p_valid] == by_student
                assert [stored["to go"].p_valid] == critic.p_valid([GO[:3]], "teacher").tolist()
        await store.add([BUS])  # as a second load of its file: the data set's own score comes back
        assert BUS in await store.triples([EVENT])


async def test_only_some_events_are_scored_and_a_stopped_run_goes_on(
    opened: OpenStore, critics: tuple[Critic, Critic]
) -> None:
    many = [triple(f"PersonX waits {n}", "xWant", f"to do {n}") for n in range(80)]
    async with opened() as store:
        await store.add([*many, *ALL])
        report = await score_stored(store, critics[0], "unscored", silent, {REST.head, "PersonX is unknown"})
        assert (report.triples, report.scored) == (1, 1)
        with pytest.raises(Stopped):
            await score_stored(store, critics[0], "unscored", StopAt(3))
        report = await score_stored(store, critics[0], "unscored", silent)
        assert report.triples == len(many) + len(ALL)
        assert report.present > 32  # a page, and what was scored before
        assert report.scored + report.present == len(many) + 3
        every = await store.triples([one.head for one in many])
        texts = [one[:3] for one in every]
        assert [one.p_valid for one in every] == critics[0].p_valid(texts, "teacher").tolist()


class Place:
    """A store by its address, and the command line on it."""

    def __init__(self, address: str, env: dict[str, str], password: str = "") -> None:
        self.address = address
        self.env = env | ({"COMETGRAPH_NEO4J_PASSWORD": password} if password else {})
        self._login = Neo4jLogin(password=password)

    def run(self, *arguments: str, code: int = 0) -> str:
        done = cometgraph(*arguments, "--store", self.address, env=self.env)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    async def add(self, *triples: Triple) -> None:
        async with open_store(self.address, login=self._login) as store:
            await store.add(triples)

    async def triples(self, *events: str) -> dict[str, Triple]:
        async with open_store(self.address, read_only=True, login=self._login) as store:
            return {one.tail: one for one in await store.triples(events)}


@pytest.fixture(params=["embedded", "neo4j"])
def place(request: pytest.FixtureRequest, tmp_path: Path, with_critic: dict[str, str]) -> Place:
    if request.param == "embedded":
        return Place(str(tmp_path / "store"), with_critic)
    server: Neo4jAddress = request.getfixturevalue("neo4j_server")
    return Place(request.getfixturevalue("neo4j_uri"), with_critic, server.password)


def counts_of(line: str) -> tuple[dict[str, int], str]:
    """The counts of a printed report, and its critic. Every triple is accounted for."""
    text, _, critic = line.partition("  in ")[0].partition("  by ")
    words = text.split()
    counts = {name: int(number.replace(",", "")) for name, number in zip(words[::2], words[1::2], strict=True)}
    assert counts.pop("triples") == sum(counts.values()), line
    return counts, critic


async def test_a_load_scores_what_has_no_score_and_only_its_own_events(place: Place, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"head": one.head, "relation": one.relation, "tail": one.tail, "p_valid": one.p_valid, "critic": one.critic}
        for one in ALL
    ]
    await place.add(triple("PersonX sings", "xWant", "to be heard"), triple(EVENT, "xWant", "to sing"))
    file, report = jsonl(tmp_path / "data.jsonl", *rows), tmp_path / "report.json"
    loaded, scored = place.run("load", file, "--report", str(report), "--critic").splitlines()
    assert loaded.startswith("read 6  loaded 5  present 0  duplicate 0  filtered 0  none 1  rejected 0  in ")
    counts, critic = counts_of(scored)
    assert counts == {"scored": 4, "replaced": 0, "present": 0, "left": 2, "none": 1}
    body = json.loads(report.read_text())["scores"]
    assert (body["triples"], body["critic"]) == (7, critic)
    stored = await place.triples(EVENT, "PersonX sings")
    assert (stored["bored"].critic, stored["a bus"].p_valid) == (OLD, 0.75)
    assert (stored["to go"].critic, stored["to be heard"].critic) == (critic, None)
    again = place.run("load", "--critic", BUNDLED, file).splitlines()[1]
    assert counts_of(again)[0] == {"scored": 0, "replaced": 0, "present": 4, "left": 2, "none": 1}


MANY = [triple(f"PersonX waits {n}", "xWant", f"to do {n} or {k}") for n in range(200) for k in range(2)]


async def scored(place: Place, events: Sequence[str]) -> list[Triple]:
    """The triples with a score. A reader may come while a writer changes files."""
    try:
        return [one for one in (await place.triples(*events)).values() if one.p_valid is not None]
    except StoreUnavailable:
        return []


async def test_killed_again_and_again_it_ends_with_the_scores_of_one_run(
    place: Place, critics: tuple[Critic, Critic]
) -> None:
    await place.add(*MANY)
    events = sorted({one.head for one in MANY})
    before: list[Triple] = []
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            COMETGRAPH, "distill", "score", "--store", place.address, env=clean_environment(place.env), stdout=DEVNULL
        )
        next_event = events[len({one.head for one in before})]
        while process.returncode is None and not await scored(place, [next_event]):  # noqa: ASYNC110
            await asyncio.sleep(0.3)
        process.kill()
        await process.wait()
        after = await scored(place, events)
        assert {*before} < {*after}
        before = after
    counts, critic = counts_of(place.run("distill", "score"))
    done, left = len(before), len(MANY) - len(before)
    assert counts == {"scored": left, "replaced": 0, "present": done, "left": 0, "none": 0}
    assert critic == str(critics[0])
    p_valid = critics[0].p_valid([one[:3] for one in MANY], "teacher").tolist()
    expected = [one._replace(p_valid=p, critic=critic) for one, p in zip(MANY, p_valid, strict=True)]
    assert sorted(await scored(place, events)) == sorted(expected)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("distill", "score", "--critic", "nowhere"), "critic: 'nowhere' is not minilm-critic, or a folder with"),
        (("load", "DATA", "--critic", "nowhere"), "critic: 'nowhere' is not minilm-critic, or a folder with"),
        (("load", "DATA", "--critic", "--offline", "FILES"), "critic: --offline writes no store; import the files"),
    ],
)
async def test_what_cannot_be_scored_is_refused_before_anything_is_stored(
    arguments: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    place = Place(str(tmp_path / "store"), {})
    await place.add(GO)
    data = jsonl(tmp_path / "data.jsonl", {"head": REST.head, "relation": "xWant", "tail": "to rest"})
    files = {"DATA": data, "FILES": str(tmp_path / "files")}
    message = place.run(*(files.get(one, one) for one in arguments), code=2)
    assert message.startswith(f"cometgraph: {reason}")
    assert message.count("\n") == 1
    assert [*await place.triples(*EVENTS)] == ["to go"]
    assert not (tmp_path / "files").exists()
