"""GET /expand and GET /paths, over HTTP, on both stores."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graph.links.step import MOST_STEPS
from schemas.triples import Triple
from tests.support.neo4j_server import Neo4jAddress
from tests.support.requests import add, app_with, problem
from tests.support.triples import triple

BUS = "PersonX misses the bus"
TRIPLES = [
    triple(BUS, "xEffect", "is late for work", p_valid=0.9),
    triple(BUS, "xWant", "to take a taxi", p_valid=0.8),
    triple(BUS, "xReact", "annoyed", p_valid=0.95),
    triple("PersonX is late for work", "xEffect", "gets fired", p_valid=0.6),
    triple("PersonX is late for work", "oWant", "to scold PersonX", p_valid=0.7),
    triple("PersonX scolds PersonY", "xReact", "angry", p_valid=0.9),
    triple("PersonX scolds PersonY", "oEffect", "cries", p_valid=0.5),
    triple("PersonX gets fired", "xWant", "to find a new job", p_valid=0.9),
    triple("PersonX takes a taxi", "xNeed", "to miss the bus", p_valid=0.4),
    triple("PersonX takes a taxi", "xEffect", "gets to work"),
]


@pytest.fixture(params=["embedded", "neo4j"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestClient]:
    """The application on an empty graph of each kind."""
    if request.param == "embedded":
        settings: dict[str, Any] = {"store": str(tmp_path / "store")}
    else:
        server: Neo4jAddress = request.getfixturevalue("neo4j_server")
        settings = {"store": request.getfixturevalue("neo4j_uri"), "neo4j_password": server.password}
    with app_with(**settings, generate=False, match=False) as client:
        yield client


@pytest.fixture
def bus(app: TestClient) -> TestClient:
    """The same with some triples."""
    add(app, *TRIPLES)
    return app


def ask(at: TestClient, path: str, **params: Any) -> dict[str, Any]:
    response = at.get(path, params={name.rstrip("_"): value for name, value in params.items()})
    assert response.status_code == 200, response.text
    return response.json()


def edges(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    texts = [node["text"] for node in answer["nodes"]]
    return [(texts[edge["head"]], edge["relation"], texts[edge["target"]]) for edge in answer["edges"]]


def sentences(answer: dict[str, Any]) -> list[str]:
    return [path["sentence"] for path in answer["paths"]]


def test_expand_walks_level_by_level(bus: TestClient) -> None:
    answer = ask(bus, "/expand", event=BUS, width=2, render="third")
    late, taxi = "PersonX is late for work", "PersonX takes a taxi"
    assert edges(answer) == [
        (BUS, "xEffect", late),
        (BUS, "xWant", taxi),
        (late, "oWant", "PersonX scolds PersonY"),
        (late, "xEffect", "PersonX gets fired"),
        (taxi, "xEffect", "gets to work"),
        (taxi, "xNeed", BUS),
    ]
    assert [node["id"] for node in answer["nodes"]] == list(range(6))
    assert [node["depth"] for node in answer["nodes"]] == [0, 1, 1, 2, 2, 2]
    assert [node["kind"] for node in answer["nodes"]] == ["event"] * 5 + ["inference"]
    assert answer["nodes"][3]["roles"] == {"PersonX": "PersonY", "PersonY": "PersonX"}
    assert answer["edges"][0] == {
        "head": 0,
        "relation": "xEffect",
        "tail": "is late for work",
        "target": 1,
        "p_valid": 0.9,
        "link": {"event": late, "confidence": 1.0, "rule": "text"},
        "source": "graph",
        "stored": True,
        "sentence": "PersonX misses the bus. As a result, PersonX is late for work.",
    }
    assert answer["edges"][4]["link"] is None
    assert (answer["truncated"], answer["generated"], answer["degraded"]) == (False, 0, [])
    # At the last level the best come first, whether they lead on or not.
    assert edges(ask(bus, "/expand", event=BUS, depth=1, width=2)) == [
        (BUS, "xReact", "annoyed"),
        (BUS, "xEffect", late),
    ]


def test_expand_along_relations_and_patterns(bus: TestClient) -> None:
    late = "PersonX is late for work"
    assert edges(ask(bus, "/expand", event=BUS, relation=["xEffect", "xReact"])) == [
        (BUS, "xEffect", late),
        (BUS, "xReact", "annoyed"),
        (late, "xEffect", "PersonX gets fired"),
    ]
    # What cannot complete the pattern is left out.
    assert edges(ask(bus, "/expand", event=BUS, pattern="(xEffect|xReact|xWant)>oWant>xReact")) == [
        (BUS, "xEffect", late),
        (BUS, "xWant", "PersonX takes a taxi"),
        (late, "oWant", "PersonX scolds PersonY"),
        ("PersonX scolds PersonY", "xReact", "angry"),
    ]
    assert edges(ask(bus, "/expand", event=BUS, pattern="xEffect>xReact")) == [(BUS, "xEffect", late)]
    assert edges(ask(bus, "/expand", event=BUS, min_p_valid=0.92)) == [(BUS, "xReact", "annoyed")]
    assert edges(ask(bus, "/expand", event=BUS, relation="xWant", min_link=1)) == [
        (BUS, "xWant", "PersonX takes a taxi")
    ]


def test_expand_backward_from_an_event_and_a_tail(bus: TestClient) -> None:
    late = "PersonX is late for work"
    answer = ask(bus, "/expand", event="PersonX gets fired", direction="backward", depth=3)
    assert edges(answer) == [
        (late, "xEffect", "PersonX gets fired"),
        (BUS, "xEffect", late),
        ("PersonX takes a taxi", "xNeed", BUS),
    ]
    answer = ask(bus, "/expand", event="angry", direction="backward", depth=2, render="third")
    assert edges(answer) == [("PersonX scolds PersonY", "xReact", "angry"), (late, "oWant", "PersonX scolds PersonY")]
    assert answer["nodes"][0] == {"id": 0, "text": "angry", "kind": "inference", "depth": 0, "roles": {}}
    assert [node["kind"] for node in answer["nodes"]] == ["inference", "event", "event"]


def test_cycles_end(bus: TestClient) -> None:
    add(bus, triple("PersonX gets fired", "xEffect", "misses the bus"))
    answer = ask(bus, "/expand", event=BUS, depth=6, width=50)
    heads = [edge["head"] for edge in answer["edges"]]
    assert len(set(zip(heads, [e["tail"] for e in answer["edges"]], strict=True))) == len(heads)
    assert len({node["text"] for node in answer["nodes"]}) == len(answer["nodes"])


def test_paths_to_an_event_and_to_a_tail(bus: TestClient) -> None:
    answer = ask(bus, "/paths", from_=BUS, to="PersonX gets fired")
    assert answer["event"] == BUS
    assert answer["goal"] == "PersonX gets fired"
    [path] = answer["paths"]
    assert path["score"] == pytest.approx((0.9 * 0.6) ** 0.5, abs=1e-6)
    assert path["sentence"] == (
        "PersonX misses the bus. As a result, PersonX is late for work. As a result, PersonX gets fired."
    )
    assert path["hops"] == [
        {
            "event": BUS,
            "relation": "xEffect",
            "tail": "is late for work",
            "p_valid": 0.9,
            "link": {"event": "PersonX is late for work", "confidence": 1.0, "rule": "text"},
            "roles": {"PersonX": "PersonX"},
            "source": "graph",
            "stored": True,
        },
        {
            "event": "PersonX is late for work",
            "relation": "xEffect",
            "tail": "gets fired",
            "p_valid": 0.6,
            "link": {"event": "PersonX gets fired", "confidence": 1.0, "rule": "text"},
            "roles": {"PersonX": "PersonX"},
            "source": "graph",
            "stored": True,
        },
    ]
    assert (answer["truncated"], answer["degraded"]) == (False, [])
    assert answer["explored"] >= 2
    [to_tail] = ask(bus, "/paths", from_=BUS, to="gets fired")["paths"]
    assert to_tail["sentence"] == path["sentence"]
    assert to_tail["hops"][-1]["link"] is None
    [mad] = ask(bus, "/paths", from_=BUS, to="angry")["paths"]
    assert [hop["relation"] for hop in mad["hops"]] == ["xEffect", "oWant", "xReact"]


def test_roles_are_carried_along(bus: TestClient) -> None:
    [path] = ask(bus, "/paths", from_="Maria misses the bus", to="angry", as_is=False)["paths"]
    assert [hop["roles"] for hop in path["hops"]] == [
        {"PersonX": "PersonX"},
        {"PersonX": "PersonX"},
        {"PersonX": "PersonY", "PersonY": "PersonX"},
    ]
    assert path["sentence"] == (
        "Maria misses the bus. As a result, Maria is late for work. As a result, PersonY wants to scold Maria. "
        "PersonY scolds Maria. As a result, PersonY feels angry."
    )
    [first] = ask(bus, "/paths", from_=BUS, to="cries", render="first")["paths"]
    assert first["sentence"] == (
        "I miss the bus. As a result, I am late for work. As a result, PersonY wants to scold me. "
        "PersonY scolds me. As a result, I cry."
    )
    # Who is to cry or to be angry: the one who missed the bus, or the other.
    assert len(ask(bus, "/paths", from_=BUS, to="PersonY is angry")["paths"]) == 1
    assert ask(bus, "/paths", from_=BUS, to="PersonY cries")["paths"] == []
    assert len(ask(bus, "/paths", from_="Maria misses the bus", to="Maria cried")["paths"]) == 1
    assert ask(bus, "/paths", from_="Maria misses the bus", to="Maria is angry")["paths"] == []


def test_paths_of_a_pattern_and_a_length(bus: TestClient) -> None:
    assert len(ask(bus, "/paths", from_=BUS, to="gets fired", pattern="xEffect{2}")["paths"]) == 1
    assert ask(bus, "/paths", from_=BUS, to="gets fired", pattern="xEffect>xWant")["paths"] == []
    assert ask(bus, "/paths", from_=BUS, to="gets fired", length=1)["paths"] == []
    assert ask(bus, "/paths", from_=BUS, to="gets fired", min_p_valid=0.7)["paths"] == []
    assert len(ask(bus, "/paths", from_="PersonX takes a taxi", to="gets fired", length=3)["paths"]) == 1


def test_wrong_questions(bus: TestClient) -> None:
    unknown = problem(bus.get("/expand", params={"event": "PersonX flies to the moon"}), 404, "EventNotFound")
    assert unknown["event"] == "PersonX flies to the moon"
    problem(bus.get("/paths", params={"from": BUS, "to": "PersonX flies to the moon"}), 404, "EventNotFound")
    problem(bus.get("/paths", params={"from": "PersonX flies to the moon", "to": "cries"}), 404, "EventNotFound")
    problem(bus.get("/expand", params={"event": BUS, "generate": True}), 404, "NoStudent")
    for path, params, field in (
        ("/expand", {"event": BUS, "depth": 7}, "depth"),
        ("/expand", {"event": BUS, "width": 0}, "width"),
        ("/expand", {"event": BUS, "pattern": "xWant>"}, "pattern"),
        ("/expand", {"event": BUS, "pattern": "xWant", "relation": "xWant"}, "pattern"),
        ("/expand", {"event": BUS, "relation": "xWish"}, "relation"),
        ("/expand", {"event": BUS, "direction": "up"}, "direction"),
        ("/expand", {"event": BUS, "direction": "backward", "generate": True}, "generate"),
        ("/expand", {"event": "---"}, "event"),
        ("/expand", {"event": BUS, "widht": 3}, "widht"),
        ("/expand", {}, "event"),
        ("/paths", {"from": BUS}, "to"),
        ("/paths", {"from": "", "to": "x"}, "from"),
        ("/paths", {"from": BUS, "to": "x" * 501}, "to"),
        ("/paths", {"from": BUS, "to": "cries", "k": 51}, "k"),
        ("/paths", {"from": BUS, "to": "cries", "min_p_valid": "nan"}, "min_p_valid"),
    ):
        body = problem(bus.get(path, params=params), 422, "BadInput")
        assert [error["field"].split(".")[0] for error in body["errors"]] == [field], (path, params)


def test_a_goal_of_many_steps_is_reached_all_the_same(tmp_path: Path) -> None:
    """The steps read from the goal's side are the best ones, and not those of the start."""
    many = [triple(f"PersonX reads page {n}", "xEffect", "gets fired", p_valid=0.9) for n in range(MOST_STEPS)]
    start, late = "PersonX oversleeps", "PersonX is late for work"
    weak = [triple(start, "xEffect", "is late for work"), triple(late, "xEffect", "gets fired", p_valid=0.1)]
    goal = triple("PersonX gets fired", "xReact", "sad")
    with app_with(str(tmp_path / "store"), generate=False, match=False) as client:
        add(client, *many, *weak, goal)
        for to in ("PersonX gets fired", "gets fired"):
            answer = ask(client, "/paths", from_=start, to=to, as_is=True)
            assert [[hop["event"] for hop in path["hops"]] for path in answer["paths"]] == [[start, late]]
            assert answer["truncated"] is False
        answer = ask(client, "/expand", event="PersonX gets fired", direction="backward", depth=1)
        assert answer["truncated"] is True


def test_both_stores_answer_the_same(tmp_path: Path, neo4j_uri: str, neo4j_server: Neo4jAddress) -> None:
    """100 questions, on random triples of few words: many links, cycles and ties."""
    rng = random.Random(15)
    verbs = ["buys", "sells", "likes", "loses", "finds", "cleans", "paints", "sees", "takes", "brings"]
    things = ["car", "house", "dog"]
    events = [f"PersonX {verb} the {thing}" for verb in verbs for thing in things]
    events += [f"PersonX {verb} PersonY's {thing}" for verb in verbs[:5] for thing in things]
    relations = ["xWant", "xNeed", "xEffect", "oWant", "oEffect", "xReact", "isBefore"]
    triples: list[Triple] = []
    for _ in range(600):
        text = rng.choice(events).removeprefix("PersonX ")
        tail = text if rng.random() < 0.5 else text.replace("the ", rng.choice(["a ", ""]))
        origins = ("student:tiny",) if rng.random() < 0.1 else ("test",)
        p_valid = rng.choice([None, 0.2, 0.5, 0.8])
        one = triple(rng.choice(events), rng.choice(relations), tail, p_valid=p_valid, origins=origins)
        triples.append(one)
    triples = list({(one.head, one.relation, one.tail): one for one in triples}.values())
    password = neo4j_server.password
    with (
        app_with(str(tmp_path / "store"), generate=False, match=False) as embedded,
        app_with(neo4j_uri, neo4j_password=password, generate=False, match=False) as server,
    ):
        add(embedded, *triples)
        add(server, *triples)
        found = 0
        for _ in range(50):
            first, last = rng.sample([one.head for one in triples], 2)
            common: dict[str, Any] = {"as_is": True, "generated": rng.random() < 0.3, "min_link": rng.choice([0, 0.95])}
            questions: list[tuple[str, dict[str, Any]]] = [
                ("/expand", {"event": first, "depth": 3, "width": 4, "render": "third"}),
                ("/paths", {"from": first, "to": last.removeprefix("PersonX "), "length": 3, "k": 7}),
            ]
            questions[0][1]["direction"] = rng.choice(["forward", "backward"])
            for path, params in questions:
                answers = []
                for client in (embedded, server):
                    response = client.get(path, params=params | common)
                    body = response.json()
                    body.pop("took_ms", None)
                    answers.append((response.status_code, body))
                assert answers[0] == answers[1], (path, params | common)
                found += len(answers[0][1].get("paths", ()))
        assert found > 100
