"""The cascade with the bundled student: unknown events are answered live, stored, and labelled so."""

import asyncio
import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from distill.engines.decoding import decoding_of
from distill.engines.engine import Completion
from distill.student.files import BUNDLED
from distill.student.postprocess import rank_tails
from graph.links.verbs import third_person
from schemas.relations import RELATIONS, Relation
from service.answering import generate
from service.settings import load_settings
from tests.support.neo4j_server import Neo4jAddress
from tests.support.requests import CAR, DOG, infer, opened_app, problem
from tests.support.server import Server, cometgraph, wait_until_ready

ORIGIN = f"student:{BUNDLED}"
SOCIAL = [name.value for name, info in RELATIONS.items() if info.group == "social"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("live") / "store")
    assert cometgraph("load", "graph/sample.jsonl", "--store", folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def live(store: str, with_student: dict[str, str]) -> Iterator[TestClient]:
    cache = with_student["COMETGRAPH_CACHE"]
    off = {"match": False, "no_critic": True}
    settings = load_settings({"store": store, "cache": cache, "generate_seconds": 600} | off)
    with opened_app(settings, models="now") as client:
        yield client


def tails(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["relation"], row["tail"]) for row in answer["inferences"]]


def test_an_unknown_event_is_answered_live_and_then_from_the_store(live: TestClient) -> None:
    first = infer(live, DOG, "xReact")
    assert (first["source"], first["stored"], first["match"]) == ("generated", False, None)
    assert "happy" in [tail for _, tail in tails(first)]
    assert first["model"]["name"] == BUNDLED
    assert first["decoding"]["method"] == "beam"
    for place, row in enumerate(first["inferences"], 1):
        assert (row["rank"], row["source"], row["stored"], row["origins"]) == (place, "generated", False, [ORIGIN])
        assert row["log_prob"] < 0
    again = infer(live, DOG, "xReact")
    assert (again["source"], again["stored"], again["model"]) == ("generated", True, None)
    assert again["match"] == {"event": DOG, "similarity": 1.0, "confidence": 1.0, "roles": {"PersonX": "PersonX"}}
    assert [row | {"stored": False} for row in again["inferences"]] == first["inferences"]


def test_a_stored_answer_is_linked_at_once(live: TestClient) -> None:
    wishes = [tail for _, tail in tails(infer(live, DOG, "xWant")) if tail.startswith("to ")]
    verb, _, rest = wishes[0].removeprefix("to ").partition(" ")
    event = f"PersonX {third_person(verb)} {rest}".strip()
    infer(live, event, "xReact", mode="generate")
    query = "MATCH (:Inference {text: $tail})-[r:AS_EVENT]->(e:Event) RETURN e.text, r.rule"
    question = {"query": query, "parameters": {"tail": wishes[0]}}
    assert live.post("/cypher", json=question).json()["rows"] == [[event, "inflection"]]


def test_mode_graph_leaves_it_out(live: TestClient) -> None:
    for event in ("PersonX paints the barn red", "PersonX paints the barn blue"):
        infer(live, event, "xReact")
    for more in ({}, {"generated": True}):
        question = {"event": "PersonX paints the barn red", "mode": "graph"} | more
        nearest = problem(live.get("/infer", params=question), 404, "EventNotFound")["nearest"]
        for event in nearest:
            assert live.get("/infer", params=question | {"event": event}).json()["source"] == "graph"


def test_a_known_event_gets_the_relation_it_lacks(live: TestClient) -> None:
    answer = infer(live, CAR, "xIntent")
    assert answer["source"] == "graph"
    both = infer(live, CAR, "xIntent", "ObjectUse")
    assert both["source"] == "generated"
    sources = {row["relation"]: row["source"] for row in both["inferences"]}
    assert sources["xIntent"] == "graph"
    assert sources.get("ObjectUse", "generated") == "generated"
    assert infer(live, CAR, "ObjectUse", "xIntent")["stored"] is True
    assert infer(live, CAR)["stored"] is True  # nothing asked by name, nothing written


def test_none_in_the_graph_is_an_answer(live: TestClient) -> None:
    for event in live.get("/events", params={"limit": 300}).json()["events"]:
        card = live.get(f"/events/{event}").json()["relations"]
        silent = [name for name, row in card.items() if not row["applies"]]
        if silent:
            answer = infer(live, event, silent[0])
            assert (answer["source"], answer["not_applicable"]) == ("graph", [silent[0]])
            return
    raise AssertionError("the sample has none edges")


def test_no_relation_named_means_the_social_ones(live: TestClient) -> None:
    answer = infer(live, "PersonX plants a row of cabbages", limit=2)
    relations = {relation for relation, _ in tails(answer)} | set(answer["not_applicable"])
    assert relations == set(SOCIAL)
    assert infer(live, "PersonX plants a row of cabbages")["stored"] is True


def test_mode_generate_asks_even_when_the_graph_knows(live: TestClient) -> None:
    answer = infer(live, CAR, "xIntent", mode="generate", decoding="greedy")
    assert (answer["source"], answer["stored"], len(answer["inferences"])) == ("generated", False, 1)
    assert infer(live, CAR, "xIntent")["source"] == "graph"


@pytest.mark.parametrize("decoding", ["paper", "beam5", "fast"])
def test_explain_and_decoding_say_how_it_was_drawn(live: TestClient, decoding: str) -> None:
    answer = infer(live, DOG, "xWant", mode="generate", decoding=decoding, seed=7, explain=True)
    assert answer["prompts"] == {"xWant": f"{DOG}\nwant:"}
    info = answer["decoding"]
    assert info["seed"] == (7 if decoding == "paper" else None)
    assert (info["n"], info["top_p"]) == {"paper": (10, 0.9), "beam5": (5, None), "fast": (1, None)}[decoding]
    assert len(answer["inferences"]) <= info["n"]


def test_an_unseeded_answer_can_be_drawn_again(live: TestClient) -> None:
    first = infer(live, DOG, "xNeed", mode="generate", decoding="paper")
    again = infer(live, DOG, "xNeed", mode="generate", decoding="paper", seed=first["decoding"]["seed"])
    assert tails(first) == tails(again)


def test_a_batch_of_questions_is_what_each_is_alone(live: TestClient) -> None:
    """Alone, in random batches, and from many askers at once: the same text."""
    nouns = ["a lamp", "an old boat", "the soup", "three hens", "PersonY's bike"]
    verbs = ["repairs", "loses", "sells", "forgets"]
    questions = [
        {"event": f"PersonX {verb} {noun}", "relation": relation, "mode": "generate", "decoding": way, "seed": n}
        for n, (verb, noun) in enumerate((v, n) for v in verbs for n in nouns)
        for relation, way in [random.Random(n).choice([("xReact", "paper"), ("xWant", "paper"), ("xNeed", "beam")])]
    ]
    alone = [tails(live.get("/infer", params=ask).json()) for ask in questions]
    order = random.Random(5).sample(range(len(questions)), len(questions))
    batches = [order[start : start + 11] for start in range(0, len(order), 11)]
    together: dict[int, Any] = {}
    for batch in batches:
        body = {"questions": [questions[n] for n in batch]}
        answers = live.post("/infer/batch", json=body).json()["answers"]
        together |= {n: tails(answer) for n, answer in zip(batch, answers, strict=True)}
    with ThreadPoolExecutor(16) as askers:
        crowded = list(askers.map(lambda ask: tails(live.get("/infer", params=ask).json()), questions))
    assert [together[n] for n in range(len(questions))] == alone
    assert crowded == alone


def test_a_relation_that_was_never_learnt(live: TestClient, tmp_path: Path, with_student: dict[str, str]) -> None:
    from tests.support.tiny_models import make

    folder = make("comet-distill", tmp_path / "comet-distill")
    off = {"match": False, "no_critic": True}
    settings = load_settings({"store": str(tmp_path / "store"), "cache": str(tmp_path), "student": str(folder)} | off)
    with opened_app(settings, models="now") as client:
        body = problem(client.get("/infer", params={"event": DOG, "relation": "isAfter"}), 422, "BadInput")
        assert body["errors"][0]["field"] == "relation"
        assert "HinderedBy" in body["errors"][0]["allowed"]


@pytest.mark.parametrize("event", ["asdf qwer", "https://example.org/a", "for i in range(3): print(i)", "x" * 300])
def test_what_is_no_event_is_refused_with_the_reason(live: TestClient, event: str) -> None:
    body = problem(live.get("/infer", params={"event": event}), 422, "BadInput")
    assert body["errors"][0]["field"] == "event"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"decoding": "fast", "n": 3}, "n"),
        ({"decoding": "beam", "temperature": 0.5}, "temperature"),
        ({"decoding": "nucleus"}, "decoding"),
        ({"seed": -1}, "seed"),
        ({"top_p": 0}, "top_p"),
        ({"n": 51}, "n"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
    ],
)
def test_bad_decodings_are_refused_even_where_the_graph_would_answer(
    live: TestClient, params: dict[str, Any], field: str
) -> None:
    body = problem(live.get("/infer", params={"event": CAR, **params}), 422, "BadInput")
    assert [error["field"] for error in body["errors"]] == [field]


def test_score(live: TestClient) -> None:
    triple = {"event": DOG, "relation": "xReact", "tail": "happy"}
    body = live.post("/score", json=triple).json()
    assert body["log_prob"] == pytest.approx(sum(token["log_prob"] for token in body["tokens"]), abs=1e-3)
    assert body["per_token"] == pytest.approx(body["log_prob"] / len(body["tokens"]), abs=1e-3)
    [best] = infer(live, DOG, "xReact", mode="generate", decoding="greedy")["inferences"]
    scored = live.post("/score", json=triple | {"tail": best["tail"]}).json()
    assert scored["log_prob"] == pytest.approx(best["log_prob"], abs=0.05)
    worse = live.post("/score", json=triple | {"tail": "made of wood"}).json()
    assert worse["log_prob"] < body["log_prob"] - 3


def test_score_many(live: TestClient) -> None:
    triples = [{"event": CAR, "relation": "xIntent", "tail": tail} for tail in ("to get to work", "to get wet")]
    scores = live.post("/score/batch", json={"triples": [*triples, {"event": CAR}, 7]}).json()["scores"]
    assert scores[0]["log_prob"] > scores[1]["log_prob"]
    assert [score.get("status", 200) for score in scores] == [200, 200, 422, 422]
    assert live.post("/score", json=triples[0]).json() == scores[0]


def test_a_stream_tells_each_inference_and_then_the_answer(live: TestClient) -> None:
    event = "PersonX waters the roses"
    params = {"event": event, "relation": ["xReact", "xWant"], "limit": 2}
    with live.stream("GET", "/infer", params=params, headers={"accept": "text/event-stream"}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        text = "".join(response.iter_text())
    events = [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.strip().split("\n\n")]
    answer = json.loads(events[-1]["data"])
    assert events[-1]["event"] == "answer"
    inferences = [json.loads(event["data"]) for event in events if event["event"] == "inference"]
    assert sorted(map(json.dumps, inferences)) == sorted(map(json.dumps, answer["inferences"]))
    assert infer(live, event, "xReact", "xWant", limit=2)["inferences"] == [
        row | {"stored": True} for row in answer["inferences"]
    ]
    for wrong in ({"event": "asdf qwer"}, {"event": DOG, "relation": "xLikes"}, {"event": DOG, "n": 0}):
        refused = live.get("/infer", params=wrong, headers={"accept": "text/event-stream"})
        problem(refused, 422, "BadInput")


def test_without_a_critic_filters_ask_for_what_is_stored(live: TestClient) -> None:
    problem(live.get("/infer", params={"event": "PersonX mends a net", "min_p_valid": 0.5}), 404, "EventNotFound")
    problem(live.get("/infer", params={"event": "PersonX mends a net", "origin": "sample"}), 404, "EventNotFound")


@pytest.mark.parametrize("params", [{"min_p_valid": 0.5}, {"origin": "sample"}])
def test_without_a_critic_what_is_generated_has_nothing_to_filter_by(live: TestClient, params: dict[str, Any]) -> None:
    problem(live.get("/infer", params={"event": CAR, "mode": "generate", **params}), 422, "BadInput")


def test_without_a_student_nobody_generates(client: TestClient) -> None:
    problem(client.get("/infer", params={"event": CAR, "mode": "generate"}), 404, "NoStudent")
    problem(client.post("/score", json={"event": CAR, "relation": "xReact", "tail": "happy"}), 404, "NoStudent")
    body = {"questions": [{"event": CAR, "mode": "generate"}, {"event": CAR}]}
    answers = client.post("/infer/batch", json=body).json()["answers"]
    assert [answer.get("status", 200) for answer in answers] == [404, 200]


def test_a_cut_tail_is_not_kept(live: TestClient) -> None:
    event = "PersonX rows across the lake"
    answer = infer(live, event, "xWant", max_new_tokens=2)
    assert all("max_new_tokens=2" in line for line in answer["degraded"])
    assert infer(live, event, "xWant")["stored"] is bool(not answer["degraded"])


def test_cut_tails_of_which_none_is_left_are_not_kept() -> None:
    cut = rank_tails([Completion(" to", -1.0, False)], "\n")
    assert (cut.tails, cut.is_cut, cut.applies) == ([], True, True)
    nothing: Any = None
    keeping = generate._keep(Relation.xWant, [], cut, decoding_of("greedy"), nothing)  # pyright: ignore[reportPrivateUsage]
    assert asyncio.run(keeping) == ["keep xWant: cut off at max_new_tokens=24"]


def test_a_large_batch_waits_for_room(live: TestClient) -> None:
    questions = [{"event": f"PersonX sharpens {n} pencils", "decoding": "fast"} for n in range(40)]
    answers = live.post("/infer/batch", json={"questions": questions}).json()["answers"]
    assert [answer.get("status", 200) for answer in answers] == [200] * 40
    assert not any(answer["degraded"] for answer in answers)


def test_operations_tell_of_the_student(live: TestClient) -> None:
    infer(live, DOG, "xWant", mode="generate", decoding="paper")
    student = live.get("/info").json()["student"]
    assert (student["state"], student["name"], len(student["relations"])) == ("up", BUNDLED, 23)
    assert {(p["engine"], p["device"]) for p in student["placements"]} == {("ctranslate2", "cpu"), ("torch", "cpu")}
    assert live.get("/ready").json() == {
        "store": "ok",
        "student": "ok",
        "index": "off",
        "judge": "off",
        "critic": "off",
    }
    text = live.get("/metrics").text
    assert "cometgraph_student_up 1.0" in text
    assert 'cometgraph_answers_total{source="generated"}' in text


def test_an_answer_that_was_kept_ready_is_not_stale(live: TestClient) -> None:
    event = "PersonX tunes the piano"
    for wanted in (False, True, True):
        assert infer(live, event, "xReact")["stored"] is wanted


def test_forgetting_a_student(store: str, tmp_path: Path, with_student: dict[str, str]) -> None:
    folder = str(tmp_path / "store")
    assert cometgraph("load", "graph/sample.jsonl", "--store", folder).returncode == 0
    before = json.loads(cometgraph("stats", "--json", "--store", folder).stdout)
    done = cometgraph("infer", DOG, "-r", "xReact", "--store", folder, "--json", env=with_student)
    assert json.loads(done.stdout)["stored"] is False, done.stderr
    done = cometgraph("infer", DOG, "-r", "xReact", "--store", folder, "--json", env=with_student)
    assert json.loads(done.stdout)["stored"] is True, done.stderr
    assert cometgraph("forget", "--origin", ORIGIN, "--store", folder).returncode == 0
    assert json.loads(cometgraph("stats", "--json", "--store", folder).stdout) == before


def test_on_neo4j(neo4j_uri: str, neo4j_server: Neo4jAddress, with_student: dict[str, str]) -> None:
    server = Server("--store", neo4j_uri, env=with_student | {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password})
    with httpx2.Client(base_url=server.url, timeout=60) as at:
        wait_until_ready(at.get)
        first = infer(at, DOG, "xReact")
        again = infer(at, DOG, "xReact")
        assert (first["stored"], again["stored"], again["source"]) == (False, True, "generated")
        assert tails(first) == tails(again)
        problem(at.get("/infer", params={"event": DOG, "mode": "graph"}), 404, "EventNotFound")
    assert server.stop() == 0


def test_the_graph_answers_while_the_student_is_made_ready(tmp_path: Path) -> None:
    """A cold start: the port is open at once, the graph answers, what needs the student is told when to come back."""
    env = {"COMETGRAPH_GENERATE": "true", "COMETGRAPH_CACHE": str(tmp_path / "models")}
    server = Server("--store", str(tmp_path / "store"), env=env)
    with httpx2.Client(base_url=server.url, timeout=60) as at:
        assert infer(at, CAR, "xIntent")["source"] == "graph"
        refused = at.get("/infer", params={"event": DOG})
        problem(refused, 503, "Unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        partly = infer(at, CAR, "xIntent", "ObjectUse")
        assert partly["source"] == "graph"
        assert "ObjectUse" in partly["degraded"][0]
        problem(at.get("/ready"), 503, "Unavailable")
        assert at.get("/info").json()["student"]["state"] == "loading"
    server.kill()


def test_a_student_that_cannot_be_loaded_leaves_the_graph_alone(tmp_path: Path) -> None:
    from tests.support.tiny_models import make

    folder = make("comet-bart", tmp_path / "bart")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5000])
    env = {"COMETGRAPH_GENERATE": "true", "COMETGRAPH_CACHE": str(tmp_path / "models")}
    server = Server("--store", str(tmp_path / "store"), "--student", str(folder), env=env)
    with httpx2.Client(base_url=server.url, timeout=60) as at:
        for _ in range(6_000):
            if at.get("/info").json()["student"]["state"] == "failed":
                break
            threading.Event().wait(0.1)
        body = problem(at.get("/infer", params={"event": DOG}), 503, "Unavailable")
        assert "bart" in body["detail"]
        assert infer(at, CAR, "xIntent")["source"] == "graph"
    assert server.stop() == 0


def test_a_student_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    env = {"COMETGRAPH_GENERATE": "true"}
    for student in (str(tmp_path / "empty"), str(tmp_path / "nowhere" / "at" / "all")):
        done = cometgraph("serve", "--student", student, "--store", str(tmp_path / "store"), env=env, timeout=60)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith("cometgraph: student:")
