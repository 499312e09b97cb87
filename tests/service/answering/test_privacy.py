"""What is asked is neither kept nor shown to others where that is not wanted."""

import gc
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from distill.judge import BUNDLED as JUDGE
from distill.judge.judge import Candidate, Judge, open_judge
from graph.normalization import parser as parsing
from graph.normalization import read_event
from tests.support.requests import CAR, app_with, problem
from tests.support.server import Server, cometgraph

SECRET = "0123456789abcdef"
KEYS = f"reader:read:{SECRET}R,other:read:{SECRET}O,writer:write:{SECRET}W"
READER, OTHER, WRITER = ({"X-API-Key": f"{SECRET}{letter}"} for letter in "ROW")
SYLLABLES = ["bra", "den", "fil", "gor", "kan", "lum", "mip", "nox", "pur", "tas"]
WORDS = [f"{a}{b}{a}ton" for a in SYLLABLES for b in SYLLABLES]
"""Names that nobody else says: rare enough to be searched for among all bytes."""
KEPT = "Quibbleford"
"""A name that is said where it may stay."""
FALSE = ["false", "0", "no", "off", "f", "n", "False", "FALSE", "NO"]


def asked_of(n: int) -> dict[str, Any]:
    """A question by every way in which an event may be put: an event, a sentence, one that is refused."""
    name = WORDS[n].capitalize()
    event = [
        f"PersonX travels to {name} by train",
        f"I painted the house of my friend {name} yesterday",
        f"PersonX shows {name} the garden",
        f"{name} was yelled at by my boss and she cried",
    ][n % 4]
    return {"event": event, "relation": ["xReact", "oReact"][n % 2], "keep": FALSE[n % len(FALSE)]}


def counts(client: httpx2.Client, headers: dict[str, str] | None = None) -> list[int]:
    """How much is stored, and how many events have a vector."""
    info = client.get("/info", headers=headers or {}).json()
    return [info[name] for name in ("events", "inferences", "triples", "not_applicable")] + [info["index"]["events"]]


def test_what_is_not_to_be_kept_leaves_no_trace(
    tmp_path: Path, with_student: dict[str, str], with_index: dict[str, str]
) -> None:
    store = tmp_path / "store"
    assert cometgraph("load", "graph/sample.jsonl", "--store", str(store), env=with_index).returncode == 0
    server = Server("--store", str(store), "--log-events", "--decoding", "fast", env=with_student | with_index)
    server.wait_until_ready()
    with httpx2.Client(base_url=server.url, timeout=120) as client:
        before = counts(client)

        def ask(n: int) -> httpx2.Response:
            question = asked_of(n)
            if n % 10 == 3:
                return client.post("/infer/batch", json={"questions": [question]})
            if n % 10 == 6:
                return client.get("/infer", params=question, headers={"Accept": "text/event-stream"})
            if n % 10 == 9:  # refused, and not logged all the same
                return client.get("/infer", params=question | {"limit": "many"})
            return client.get("/infer", params=question | {"explain": True})

        with ThreadPoolExecutor(4) as askers:
            responses = list(askers.map(ask, range(100)))
        for n, response in enumerate(responses):
            assert response.status_code == (422 if n % 10 == 9 else 200), response.text
        assert sum('"source":"generated"' in response.text for response in responses) >= 80
        # Asked again, it is written again; and the next one to ask hears nothing of it.
        assert client.get("/infer", params=asked_of(0)).json()["stored"] is False
        again = client.get("/infer", params=asked_of(1) | {"keep": "false", "generated": "true", "explain": "true"})
        others = [
            client.get("/events", params={"generated": True, "limit": 1000}),
            *(
                client.get("/events", params={"generated": True, "q": q, "limit": 1000})
                for q in ("travels train", "paints house friend", "shows garden", "boss yells cries")
            ),
            client.get("/metrics"),
        ]
        near = client.get("/infer", params={"event": "PersonX travels by train", "mode": "graph", "generated": True})
        texts = [response.text for response in others]
        texts += [json.dumps(again.json()["candidates"]), json.dumps(problem(near, 404)["nearest"])]
        assert counts(client) == before
        kept = client.get("/infer", params={"event": f"PersonX travels to {KEPT} by ship", "relation": "xReact"})
        assert kept.json()["source"] == "generated"
        texts.append(client.get("/events", params={"generated": True, "q": "ship"}).text)
        assert KEPT in texts[-1]
    assert server.stop() == 0
    log = "".join(server.log)
    assert KEPT in log
    files = {path.name: path.read_bytes().lower() for path in store.iterdir() if path.is_file()}
    # What is kept is found in this way, so what is not found is not there.
    for kind in ("graph-", "events-", "vectors.sqlite"):
        assert [name for name, content in files.items() if name.startswith(kind) and KEPT.lower().encode() in content]
    for word in WORDS:
        assert word not in log.lower()
        assert not [text for text in texts if word in text.lower()]
        assert not [name for name, content in files.items() if word.encode() in content]


@pytest.mark.parametrize("query", [
    *(f"keep={value}" for value in FALSE), "%6Beep=false", "keep=%66alse", "Keep=false", "keep=flase", "keep=", "keep",
    "keep=true&keep=false", "keep=false&keep=true", "keep=false&limit=many", "keep=%20false", " keep=0", "keep=2",
])  # fmt: skip
def test_however_it_is_spelt_it_is_not_logged(quiet: Server, query: str) -> None:
    word = f"{WORDS[77]}{abs(hash(query))}"
    before = len(quiet.log)
    for path in ("/infer", f"/infer/{word}", f"/events/{word}"):
        httpx2.get(f"{quiet.url}{path}?event=PersonX%20visits%20{word}&{query.replace(' ', '%20')}")
    httpx2.get(f"{quiet.url}/events?q=zebra{word[-6:]}")
    for _ in range(200):
        if f"zebra{word[-6:]}" in "".join(quiet.log[before:]):
            break
        threading.Event().wait(0.02)
    log = "".join(quiet.log[before:])
    assert f"zebra{word[-6:]}" in log
    assert word not in log


@pytest.fixture(scope="module")
def quiet(sample_store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that logs events."""
    server = Server("--store", str(tmp_path_factory.mktemp("quiet") / "store"), "--log-events")
    yield server
    server.stop()


def test_keep_true_and_unset_are_logged_where_that_is_wanted(quiet: Server) -> None:
    for query in ("keep=true", "keep=1", "keep=yes", "seed=1"):
        word = f"{WORDS[5]}{query.replace('=', '')}"
        httpx2.get(f"{quiet.url}/infer?event=PersonX%20visits%20{word}&{query}")
        for _ in range(200):
            if word in "".join(quiet.log):
                break
            threading.Event().wait(0.02)
        assert word in "".join(quiet.log), query


def test_without_keeping_a_service_logs_no_event(tmp_path: Path) -> None:
    server = Server("--store", str(tmp_path / "store"), "--log-events", "--no-keep")
    httpx2.get(f"{server.url}/infer", params={"event": f"PersonX visits {WORDS[3]}"})
    server.stop()
    assert WORDS[3] not in "".join(server.log)


def test_what_is_not_to_be_kept_is_not_ready_for_the_next(sample_store: str) -> None:
    with app_with(sample_store) as client:
        for _ in range(2):
            assert client.get("/infer", params={"event": CAR, "keep": False}).status_code == 200
        assert "cometgraph_answers_from_cache_total 0.0" in client.get("/metrics").text
        assert not client.app.state.answer_cache._entries  # type: ignore[attr-defined]
    with app_with(sample_store, keep=False) as client:
        for _ in range(2):
            assert client.get("/infer", params={"event": CAR}).status_code == 200
        assert "cometgraph_answers_from_cache_total 0.0" in client.get("/metrics").text


@pytest.fixture(scope="module")
def keyed(
    tmp_path_factory: pytest.TempPathFactory, with_student: dict[str, str], with_index: dict[str, str]
) -> Iterator[httpx2.Client]:
    """A service with keys, student and index."""
    store = tmp_path_factory.mktemp("keyed") / "store"
    assert cometgraph("load", "graph/sample.jsonl", "--store", str(store), env=with_index).returncode == 0
    env = with_student | with_index | {"COMETGRAPH_API_KEYS": KEYS}
    server = Server("--store", str(store), "--decoding", "fast", env=env)
    server.wait_until_ready()
    with httpx2.Client(base_url=server.url, timeout=120) as client:
        yield client
    assert server.stop() == 0


def shown(client: httpx2.Client, headers: dict[str, str], event: str, **more: Any) -> list[bool]:
    """Whether an event is to be seen: listed, by its words, by itself, among the nearest, as a candidate, matched."""
    word = event.rpartition(" ")[2]
    like = f"PersonX quickly {event.removeprefix('PersonX ')}"

    def get(path: str, **params: Any) -> httpx2.Response:
        return client.get(path, params=params | more, headers=headers)

    explained = get("/infer", event=like, relation="xReact", explain=True, keep=False).json()
    matched = client.post("/match", json={"event": like} | more, headers=headers).json()
    return [
        event in get("/events", prefix=event[:-2]).json()["events"],
        event in get("/events", q=word).json()["events"],
        get(f"/events/{event}").status_code == 200,
        event in get(f"/events/{like}").json()["nearest"],
        event in [one["event"] for one in explained["candidates"] or ()],
        event in [one["event"] for one in matched["candidates"]],
    ]


def test_a_read_key_writes_nothing_and_nobody_sees_what_it_asked(keyed: httpx2.Client) -> None:
    event = "PersonX waters the tulips on the balcony"
    before = counts(keyed, READER)
    for _ in range(2):
        answer = keyed.get("/infer", params={"event": event, "relation": "xReact"}, headers=READER).json()
        assert (answer["source"], answer["stored"], answer["degraded"]) == ("generated", False, [])
    batch = {"questions": [{"event": event, "relation": "xWant"}]}
    [answer] = keyed.post("/infer/batch", json=batch, headers=READER).json()["answers"]
    assert answer["stored"] is False
    assert counts(keyed, READER) == before
    for more in ({}, {"generated": True}):
        assert shown(keyed, OTHER, event, **more) == [False] * 6


def test_what_a_write_key_asked_is_kept_and_shown_only_to_who_asks_for_it(keyed: httpx2.Client) -> None:
    event = "PersonX polishes the copper kettle on the stove"
    question = {"event": event, "relation": "xReact"}
    unkept = keyed.get("/infer", params=question | {"keep": False}, headers=WRITER).json()
    assert keyed.get("/infer", params=question, headers=WRITER).json()["stored"] is False
    again = keyed.get("/infer", params=question, headers=OTHER).json()
    assert (again["source"], again["stored"]) == ("generated", True)
    assert [i["tail"] for i in again["inferences"]] == [i["tail"] for i in unkept["inferences"]]
    assert shown(keyed, OTHER, event) == [False] * 6
    assert shown(keyed, OTHER, event, generated=True) == [True] * 6


def test_a_near_duplicate_is_what_data_says_unless_more_is_asked_for(keyed: httpx2.Client) -> None:
    event = "PersonX repairs the wooden windmill"
    keyed.get("/infer", params={"event": event, "relation": "xReact"}, headers=WRITER)
    like = {"event": "PersonX is repairing the wooden windmill", "relation": "xReact", "keep": False}
    assert keyed.get("/infer", params=like, headers=READER).json()["source"] == "generated"
    answer = keyed.get("/infer", params=like | {"generated": True}, headers=READER).json()
    assert (answer["source"], answer["match"]["event"]) == ("near_duplicate", event)
    # So it is with what a student said of an event that data knows.
    keyed.get("/infer", params={"event": CAR, "relation": "xReason"}, headers=WRITER)
    like = {"event": "PersonX is buying the car", "relation": "xReason", "keep": False}
    assert keyed.get("/infer", params=like, headers=READER).json()["source"] == "generated"
    answer = keyed.get("/infer", params=like | {"generated": True}, headers=READER).json()
    assert (answer["source"], answer["match"]["event"]) == ("near_duplicate", CAR)
    for more, reasons in (({}, False), ({"generated": True}, True)):
        card = keyed.get(f"/events/{CAR}", params=more, headers=READER).json()
        assert ("xReason" in card["relations"]) is reasons


def test_the_cursor_of_a_search_with_what_is_generated_is_its_own(keyed: httpx2.Client) -> None:
    for search in ({"prefix": "PersonX"}, {"q": "car"}):
        first = keyed.get("/events", params=search | {"limit": 1, "generated": True}, headers=READER).json()
        page = search | {"limit": 1, "cursor": first["cursor"]}
        assert keyed.get("/events", params=page | {"generated": True}, headers=READER).status_code == 200
        problem(keyed.get("/events", params=page, headers=READER), 404, "PageNotFound")


def test_the_command_line_keeps_unless_it_is_told_not_to(tmp_path: Path, with_student: dict[str, str]) -> None:
    store = str(tmp_path / "store")
    assert cometgraph("load", "graph/sample.jsonl", "--store", store, env=with_student).returncode == 0
    event = "PersonX folds a paper boat"

    def infer(*flags: str) -> dict[str, Any]:
        done = cometgraph("infer", event, "-r", "xReact", "--json", "--store", store, *flags, env=with_student)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    assert infer("--no-keep")["stored"] is False
    lines = tmp_path / "lines.jsonl"
    lines.write_text("".join(json.dumps({"event": event, "relation": "xReact"} | more) + "\n"
                             for more in ({}, {"keep": False}, {"keep": True})))  # fmt: skip
    done = cometgraph("infer", "--input", str(lines), "--no-keep", "--store", store, env=with_student)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one.get("stored") for one in answers] == [False, False, None]
    assert answers[2]["errors"][0]["field"] == "keep"
    assert infer("--keep")["stored"] is False
    assert infer()["stored"] is True
    page = cometgraph("get", "/events?prefix=PersonX folds a paper", "--store", store)
    assert json.loads(page.stdout)["events"] == []
    listed = cometgraph("get", "/events?prefix=PersonX folds a paper&generated=true", "--store", store)
    assert json.loads(listed.stdout)["events"] == [event]


def keepers(word: str) -> list[object]:
    """What holds a text with a word in it, among all that Python's collector knows of.

    It does not know of a dict or tuple of texts and numbers alone, as a small cache is: those are looked into.
    """

    def holds(one: object, *, depth: int) -> bool:
        if type(one) is str:  # by its exact type: `isinstance` wakes modules up that load when they are touched
            return word in one.lower() and one != word
        is_plain = type(one) in (dict, tuple) and not gc.is_tracked(one)
        return is_plain and depth > 0 and any(holds(inner, depth=depth - 1) for inner in gc.get_referents(one))

    return [holder for holder in gc.get_objects() if any(holds(one, depth=3) for one in gc.get_referents(holder))]


@pytest.fixture(scope="module")
def judge(models_cache: Path, with_index: dict[str, str]) -> Iterator[Judge]:
    judge = open_judge(JUDGE, models_cache, 1, lambda _what, _done, _total: None)
    yield judge
    judge.close()


def test_no_word_of_an_event_stays_with_what_reads_and_judges(judge: Judge) -> None:
    stem = "".join(["z", "w", "im"])  # put together here, so that no constant of this function holds it

    def read() -> None:
        for ending in ("bledorf", "bledorfed", "bledorfs"):
            text = (
                f"My friend {stem.capitalize()}ling {stem}{ending} at the {stem}orium of {stem.upper()}ville yesterday"
            )
            event = read_event(text).event
            assert stem in event.lower()
            judge.judge([event], [[Candidate(CAR, 0.9), Candidate("PersonX waters the plants", 0.8)]])

    read()
    gc.collect()
    assert keepers(stem) == []
    strings = parsing._pipeline().vocab.strings  # pyright: ignore[reportPrivateUsage]
    assert [text for text in strings if stem in text.lower()] == []
