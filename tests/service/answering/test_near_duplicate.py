"""The source between graph and student: natural input and near-duplicates, by HTTP, on both stores."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.neo4j_server import Neo4jAddress, emptied
from tests.support.server import Server, cometgraph

ROWS = """\
PersonX hugs PersonY\txReact\twarm towards PersonY
PersonX hugs PersonY\toReact\tcomforted by PersonX
PersonX hugs PersonY\txIntent\tto console PersonY
PersonX hugs PersonY\tisBefore\tPersonY smiles
PersonX buys a boat\txIntent\tto sail on the lake
PersonX buys a boat\toReact\tnone
PersonX's boss yells at PersonX\txReact\thumiliated
PersonX adopts two cats\txReact\tfond
PersonX passes the driving test\txReact\trelieved
PersonX turns the heating on\txReact\twarm
PersonX gives PersonY a kite\toReact\tthankful to PersonX
PersonX is older than PersonY\txReact\tprotective
"""


@pytest.fixture(scope="module", params=["embedded", "neo4j"])
def url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, with_index: dict[str, str]
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("matching")
    (folder / "rows.tsv").write_text(ROWS)
    env = dict(with_index)
    if request.param == "embedded":
        env["COMETGRAPH_STORE"] = str(folder / "store")
    else:
        server: Neo4jAddress = request.getfixturevalue("neo4j_server")
        env |= {"COMETGRAPH_STORE": emptied(server), "COMETGRAPH_NEO4J_PASSWORD": server.password}
    loaded = cometgraph("load", str(folder / "rows.tsv"), "--origin", "test", env=env)
    assert loaded.returncode == 0, loaded.stderr
    service = Server(env=env)
    service.wait_until_ready()
    yield service.url
    assert service.stop() == 0


def infer(url: str, event: str, status: int = 200, **params: Any) -> dict[str, Any]:
    response = httpx2.get(f"{url}/infer", params={"event": event} | params, timeout=60)
    assert response.status_code == status, response.text
    return response.json()


def tails(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["relation"], one["tail"]) for one in answer["inferences"]]


def test_natural_input_finds_what_is_stored(url: str) -> None:
    answer = infer(url, "my boss yelled at me", relation="xReact")
    assert (answer["asked"], answer["event"]) == ("my boss yelled at me", "PersonX's boss yells at PersonX")
    assert answer["roles"] == {"PersonX": "I"}
    assert (answer["source"], tails(answer)) == ("graph", [("xReact", "humiliated")])
    assert infer(url, "my boss yelled at me", 404, as_is="true", mode="graph")["event"] == "my boss yelled at me"


def test_a_receiver_is_answered_by_the_giving(url: str) -> None:
    answer = infer(url, "PersonX receives a kite from PersonY")
    assert answer["match"]["event"] == "PersonX gives PersonY a kite"
    assert answer["match"]["roles"] == {"PersonX": "PersonY", "PersonY": "PersonX"}
    assert tails(answer) == [("xReact", "thankful to PersonY")]
    assert infer(url, "PersonX gives a kite to PersonY")["match"]["event"] == "PersonX gives PersonY a kite"
    assert infer(url, "PersonY is younger than PersonX")["match"]["event"] == "PersonX is older than PersonY"


def test_clauses_are_told_and_chosen(url: str) -> None:
    text = "I bought a boat and my boss yelled at me"
    answer = infer(url, text)
    assert answer["clauses"] == ["PersonX buys a boat", "PersonX's boss yells at PersonX"]
    assert answer["event"] == "PersonX buys a boat"
    assert infer(url, text, clause=1)["event"] == "PersonX's boss yells at PersonX"
    wrong = infer(url, text, 422, clause=2)
    assert wrong["errors"][0]["field"] == "clause"


def test_the_same_in_other_words_is_answered_and_labelled(url: str) -> None:
    answer = infer(url, "PersonX is buying the boat", relation=["xIntent", "oReact"])
    assert answer["source"] == "near_duplicate"
    assert answer["match"]["event"] == "PersonX buys a boat"
    assert answer["match"]["roles"] == {"PersonX": "PersonX"}
    assert 0.5 <= answer["match"]["confidence"] <= 1
    assert tails(answer) == [("xIntent", "to sail on the lake")]
    assert answer["inferences"][0]["source"] == "near_duplicate"
    assert answer["not_applicable"] == ["oReact"]


def test_who_does_it_to_whom_is_answered_for_the_right_person(url: str) -> None:
    for event in ("PersonY hugs PersonX", "PersonX is hugged by PersonY"):
        answer = infer(url, event, relation=["xReact", "oReact", "xIntent", "isBefore"])
        assert answer["match"]["event"] == "PersonX hugs PersonY"
        assert answer["match"]["roles"] == {"PersonX": "PersonY", "PersonY": "PersonX"}
        # Who is hugged is PersonX now: what others felt is what PersonX feels; why the other did it is not asked.
        assert sorted(tails(answer)) == [
            ("isBefore", "PersonX smiles"),
            ("oReact", "warm towards PersonX"),
            ("xReact", "comforted by PersonY"),
        ]


@pytest.mark.parametrize(
    "event",
    [
        "PersonX does not pass the driving test",
        "PersonX adopts three cats",
        "PersonX turns the heating off",
        "PersonX fails the driving test",
        "PersonX wants to buy a boat",
        "PersonY's boss yells at PersonX",
    ],
)
def test_look_alikes_are_not_answered(url: str, event: str) -> None:
    assert infer(url, event, 404)["type"].endswith("#EventNotFound")


def test_why_each_candidate_was_taken_or_refused(url: str) -> None:
    answer = infer(url, "PersonX bought a boat", as_is="true", explain="true")
    assert answer["candidates"][0]["event"] == "PersonX buys a boat"
    assert answer["candidates"][0]["same"] is True
    assert all(one["reason"] for one in answer["candidates"])
    assert {one["same"] for one in answer["candidates"]} == {True, False}


def test_modes_and_threshold(url: str) -> None:
    infer(url, "PersonX is buying the boat", 404, mode="graph")
    assert infer(url, "PersonX is buying the boat", mode="near_duplicate")["source"] == "near_duplicate"
    alone = infer(url, "PersonX buys a boat", 404, mode="near_duplicate")  # no other event means the same
    assert alone["nearest"] == []
    infer(url, "PersonX is buying the boat", 404, threshold=1)
    wrong = infer(url, "PersonX is buying the boat", 422, threshold=2)
    assert wrong["errors"][0]["field"] == "threshold"


def test_match(url: str) -> None:
    question = {"event": "I am buying the boat", "k": 3}
    single = httpx2.post(f"{url}/match", json=question).json()
    assert (single["event"], single["roles"]) == ("PersonX buys the boat", {"PersonX": "I"})
    assert len(single["candidates"]) == 3
    assert (single["candidates"][0]["event"], single["candidates"][0]["same"]) == ("PersonX buys a boat", True)
    many = httpx2.post(f"{url}/match", json=[question, {"event": ""}, {"event": "PersonY hugs PersonX", "k": 1}]).json()
    assert many[0] == single
    assert many[1]["status"] == 422
    assert many[2]["candidates"][0]["event"] == "PersonX hugs PersonY"
    assert httpx2.post(f"{url}/match", json=[]).status_code == 422
    batch = {"questions": [question, {"event": ""}, {"event": "PersonY hugs PersonX", "k": 1}]}
    assert httpx2.post(f"{url}/match/batch", json=batch).json() == {"matches": many}
    lines = httpx2.post(f"{url}/match/batch", json=batch, headers={"accept": "application/x-ndjson"}).text.splitlines()
    assert [json.loads(line) for line in lines] == many
    assert httpx2.post(f"{url}/match/batch", json={"questions": []}).status_code == 422
    assert httpx2.post(f"{url}/match", json={"event": "x", "k": 0}).status_code == 422


def test_a_batch(url: str) -> None:
    questions = [{"event": "PersonX bought a boat", "as_is": True}, {"event": "he hugged her"}, {"event": "a b c d"}]
    answers = httpx2.post(f"{url}/infer/batch", json={"questions": questions}).json()["answers"]
    assert [one.get("source") for one in answers] == ["near_duplicate", "graph", None]
    assert answers[2]["status"] == 404


def test_walks_begin_at_the_same_event_in_other_words(url: str) -> None:
    def get(path: str, **params: str) -> dict[str, Any]:
        response = httpx2.get(f"{url}{path}", params=params, timeout=60)
        assert response.status_code in (200, 404), response.text
        return response.json()

    answer = get("/expand", event="PersonX is buying the boat", render="third")
    assert (answer["event"], answer["match"]["event"]) == ("PersonX buys a boat", "PersonX buys a boat")
    sentence = "PersonX buys a boat because PersonX wanted to sail on the lake."
    assert [edge["sentence"] for edge in answer["edges"]] == [sentence]
    answer = get("/paths", **{"from": "Ann is buying the boat", "to": "to sail on the lake"})
    assert answer["match"]["event"] == "PersonX buys a boat"
    assert [path["sentence"] for path in answer["paths"]] == ["Ann buys a boat because Ann wanted to sail on the lake."]
    # Who hugs and who is hugged are two persons: PersonX of the walk would be another one.
    assert get("/expand", event="PersonX is hugged by PersonY")["type"].endswith("#EventNotFound")


def test_without_matching(tmp_path: Path) -> None:
    (tmp_path / "rows.tsv").write_text(ROWS)
    env = {"COMETGRAPH_STORE": str(tmp_path / "store")}
    assert cometgraph("load", str(tmp_path / "rows.tsv"), "--origin", "test", env=env).returncode == 0
    for arguments in (("infer", "PersonX buys a boat", "--mode", "near_duplicate"), ("match", "PersonX buys a boat")):
        done = cometgraph(*arguments, env=env)
        assert done.returncode == 1
        assert "--no-match" in done.stderr
