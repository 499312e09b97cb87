"""The critic's scores of live inferences: in answers, in the store, as a filter and as an order."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from distill.critic import BUNDLED
from distill.critic.critic import Critic, open_critic
from schemas.progress import silent
from schemas.relations import Relation
from schemas.triples import STUDENT
from service.settings import load_settings
from tests.support.critics import critic_of_another_version, truncated_critic
from tests.support.loading import jsonl
from tests.support.neo4j_server import Neo4jAddress
from tests.support.requests import CAR, DOG, add, infer, opened_app, problem
from tests.support.server import Server, cometgraph, wait_until_ready
from tests.support.triples import triple

OFF = {"match": False, "generate_seconds": 600}


@pytest.fixture(scope="module")
def critic(with_critic: dict[str, str]) -> Iterator[Critic]:
    """The bundled critic, in this process."""
    critic = open_critic(BUNDLED, Path(with_critic["COMETGRAPH_CACHE"]), 1, silent)
    yield critic
    critic.close()


@pytest.fixture(scope="module")
def live(
    tmp_path_factory: pytest.TempPathFactory, with_student: dict[str, str], critic: Critic
) -> Iterator[TestClient]:
    """The application with student and critic, on an empty graph."""
    options = {"store": str(tmp_path_factory.mktemp("scores") / "store"), "cache": with_student["COMETGRAPH_CACHE"]}
    with opened_app(load_settings(options | OFF), models="now") as client:
        yield client


def scores(answer: dict[str, Any]) -> list[float | None]:
    return [row["p_valid"] for row in answer["inferences"]]


def metric(client: TestClient, name: str) -> float:
    return next(float(line.split()[1]) for line in client.get("/metrics").text.splitlines() if line.startswith(name))


def test_live_inferences_have_scores_that_are_stored_with_their_critic(live: TestClient, critic: Critic) -> None:
    answer = infer(live, DOG, "xReact", "xWant")
    assert answer["critic"] == {"name": BUNDLED, "version": critic.version}
    assert (answer["stored"], answer["degraded"]) == (False, [])
    rows = answer["inferences"]
    assert {row["critic"] for row in rows} == {f"{BUNDLED}@{critic.version}"}
    triples = [(DOG, Relation(row["relation"]), row["tail"]) for row in rows]
    assert scores(answer) == critic.p_valid(triples, "student").tolist()
    again = infer(live, DOG, "xReact", "xWant")
    assert (again["stored"], again["critic"]) == (True, None)
    assert [row | {"stored": False} for row in again["inferences"]] == rows


def test_the_relations_of_a_batch_are_scored_together(live: TestClient) -> None:
    names = ("cometgraph_critic_batches_total", "cometgraph_critic_scored_total", "cometgraph_student_batches_total")
    before = [metric(live, name) for name in names]
    answer = infer(live, "PersonX waters the tulips", decoding="fast")
    batches, scored, student_batches = (metric(live, name) - b for name, b in zip(names, before, strict=True))
    assert scored == len({row["relation"] for row in answer["inferences"]}) > 3
    assert 1 <= batches <= student_batches
    assert None not in scores(answer)


def test_a_least_score_leaves_live_inferences_out_and_stores_them_all(live: TestClient) -> None:
    question: dict[str, Any] = {"mode": "generate", "limit": 50}
    every = infer(live, "PersonX mends a net", "xWant", **question)
    least = sorted(scores(every))[len(scores(every)) // 2]  # type: ignore[type-var]
    some = infer(live, "PersonX mends a net", "xWant", min_p_valid=least, **question)
    assert some["inferences"] != every["inferences"]
    kept = [row for row in every["inferences"] if row["p_valid"] >= least]
    assert [row | {"rank": 0} for row in some["inferences"]] == [row | {"rank": 0} for row in kept]
    fresh = "PersonX mends a torn net"
    nothing = infer(live, fresh, "xReact", "xWant", min_p_valid=1.0)
    assert (nothing["source"], nothing["stored"], nothing["inferences"]) == ("generated", False, [])
    assert (nothing["not_applicable"], nothing["degraded"]) == ([], [])
    assert infer(live, fresh, "xReact", "xWant", min_p_valid=1.0)["stored"] is True
    assert {row["relation"] for row in infer(live, fresh, "xReact", "xWant")["inferences"]} == {"xReact", "xWant"}


def test_a_least_score_asks_the_student_only_for_what_the_graph_lacks(live: TestClient) -> None:
    add(live, triple(CAR, "xIntent", "to drive"))
    assert infer(live, CAR, "xIntent", min_p_valid=0.0)["inferences"] == []
    answer = infer(live, CAR, "xIntent", "xReact", min_p_valid=0.0, decoding="fast")
    assert [row["relation"] for row in answer["inferences"]] == ["xReact"]
    problem(live.get("/infer", params={"event": DOG, "mode": "generate", "origin": "sample"}), 422, "BadInput")


def test_inferences_come_by_the_student_or_by_the_critic(live: TestClient) -> None:
    event = "PersonX oils the hinges"
    question: dict[str, Any] = {"limit": 50}
    first = infer(live, event, "xWant", "xNeed", order="p_valid", **question)  # live, then from the store
    assert first["stored"] is False
    for answer in (first, infer(live, event, "xWant", "xNeed", order="p_valid", **question)):
        for relation in ("xWant", "xNeed"):
            rows = [row for row in answer["inferences"] if row["relation"] == relation]
            assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
            assert [row["p_valid"] for row in rows] == sorted((row["p_valid"] for row in rows), reverse=True)
    by_student = infer(live, event, "xWant", **question)["inferences"]
    assert [row["log_prob"] for row in by_student] == sorted((row["log_prob"] for row in by_student), reverse=True)
    assert infer(live, event, "xWant", order="p_valid", limit=2)["inferences"] == [
        row for row in infer(live, event, "xWant", order="p_valid", **question)["inferences"] if row["rank"] <= 2
    ]
    problem(live.get("/infer", params={"event": event, "order": "likely"}), 422, "BadInput")


def test_a_stream_and_a_batch_have_the_scores_too(live: TestClient) -> None:
    params = {"event": "PersonX folds the map", "relation": "xWant", "order": "p_valid", "limit": 3}
    with live.stream("GET", "/infer", params=params, headers={"accept": "text/event-stream"}) as response:
        blocks = "".join(response.iter_text()).strip().split("\n\n")
    told = [json.loads(block.split("data: ")[1]) for block in blocks]
    assert told[:-1] == told[-1]["inferences"]
    assert None not in scores(told[-1])
    body = {"questions": [params | {"mode": "generate"}, params | {"mode": "generate", "min_p_valid": 1.0}]}
    first, second = live.post("/infer/batch", json=body).json()["answers"]
    assert (first["inferences"], second["inferences"]) == (told[-1]["inferences"], [])
    assert first["critic"] == second["critic"] == told[-1]["critic"]


def test_a_tail_of_one_s_own_is_scored_by_the_critic_too(live: TestClient) -> None:
    [best] = infer(live, DOG, "xReact", mode="generate", decoding="greedy")["inferences"]
    bodies = [{"event": DOG, "relation": "xReact", "tail": tail} for tail in (best["tail"], "N/A")]
    own, none = live.post("/score/batch", json={"triples": bodies}).json()["scores"]
    assert (own["p_valid"], own["degraded"]) == (best["p_valid"], [])
    assert f"{own['critic']['name']}@{own['critic']['version']}" == best["critic"]
    assert (none["p_valid"], none["critic"], none["degraded"]) == (None, None, [])  # no inference, so nothing to score


def test_operations_tell_of_the_critic(live: TestClient, critic: Critic) -> None:
    assert live.get("/ready").json()["critic"] == "ok"
    expected = {"state": "up", "doing": None, "name": BUNDLED, "version": critic.version, "waiting": 0}
    assert live.get("/info").json()["critic"] == expected
    assert metric(live, "cometgraph_critic_up") == 1.0
    assert metric(live, "cometgraph_critic_failed_total") == 0.0


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_critic_that_cannot_be_used_is_named(
    damage: str, tmp_path: Path, with_student: dict[str, str], with_critic: dict[str, str]
) -> None:
    cache = with_student["COMETGRAPH_CACHE"]
    folder = truncated_critic(tmp_path, Path(cache)) if damage == "truncated" else tmp_path / "nowhere"
    options = {"store": str(tmp_path / "store"), "cache": cache, "critic": str(folder)}
    with opened_app(load_settings(options | OFF), models="late") as client:
        answer = infer(client, DOG, "xReact", "xWant", decoding="fast")
        assert (len(answer["inferences"]), scores(answer), answer["critic"]) == (2, [None, None], None)
        [line] = answer["degraded"]
        assert line.startswith("critic: the critic cannot be used: ")
        assert str(folder) in line
        question = {"event": "PersonX mends a net", "relation": "xReact", "min_p_valid": 0.1}
        assert str(folder) in problem(client.get("/infer", params=question), 503, "Unavailable")["detail"]
        score = client.post("/score", json={"event": DOG, "relation": "xReact", "tail": "happy"}).json()
        assert (score["p_valid"], score["degraded"]) == (None, [line])
        problem(client.get("/ready"), 503, "Unavailable")
        assert client.get("/info").json()["critic"]["state"] == "failed"


def test_scores_of_another_version_are_told_apart_and_replaced(
    tmp_path: Path, with_student: dict[str, str], critic: Critic
) -> None:
    store, cache = str(tmp_path / "store"), with_student["COMETGRAPH_CACHE"]
    old = str(critic)
    other = critic_of_another_version(tmp_path / "other", Path(cache))
    options = load_settings({"store": store, "cache": cache, "critic": str(other)} | OFF)
    with opened_app(options, models="late") as client:
        add(client, triple(DOG, "xReact", "happy", origins=(f"{STUDENT}s",), p_valid=0.5, critic=old))
        answer = infer(client, DOG, "xReact", "xWant", decoding="fast")
    assert (answer["critic"]["name"], len(answer["inferences"])) == (BUNDLED, 2)
    new = f"{BUNDLED}@{answer['critic']['version']}"
    assert {row["relation"]: row["critic"] for row in answer["inferences"]} == {"xReact": old, "xWant": new}
    assert old != new
    table = cometgraph("infer", DOG, "--store", store)
    assert (table.stdout.count(old), table.stdout.count(new)) == (1, 1)
    done = cometgraph("distill", "score", "--store", store, "--critic", str(other), "--cache", cache)
    assert done.stdout.startswith("triples 2  scored 0  replaced 1  present 1  left 0  none 0  by " + new), done.stderr
    assert cometgraph("infer", DOG, "--store", store).stdout.count(new) == 2


def test_the_command_line_has_the_scores(
    tmp_path: Path, with_student: dict[str, str], with_critic: dict[str, str]
) -> None:
    env = with_student | with_critic
    file = tmp_path / "questions.jsonl"
    events = ["PersonX mends a net", "PersonX folds the map"]
    file.write_text("".join(json.dumps({"event": event, "relation": "xWant"}) + "\n" for event in events))
    flags = ["--order", "p_valid", "--min-p-valid", "0", "--limit", "3", "--store", str(tmp_path / "store")]
    own = jsonl(tmp_path / "own.jsonl", {"head": "PersonX naps", "relation": "xWant", "tail": "to wake"})
    assert cometgraph("load", own, "--store", str(tmp_path / "store")).returncode == 0
    done = cometgraph("infer", "--input", str(file), *flags, env=env)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["event"] for answer in answers] == events, done.stderr
    for answer in answers:
        assert answer["critic"]["name"] == BUNDLED
        assert scores(answer) == sorted(scores(answer), reverse=True) != []  # type: ignore[type-var]
    stored = cometgraph("get", f"/infer?event={events[0]}&relation=xWant&order=p_valid&limit=3", *flags[-2:])
    assert json.loads(stored.stdout)["inferences"] == [row | {"stored": True} for row in answers[0]["inferences"]]


def test_on_neo4j(
    neo4j_uri: str, neo4j_server: Neo4jAddress, with_student: dict[str, str], with_critic: dict[str, str]
) -> None:
    login = {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password}
    server = Server("--store", neo4j_uri, env=with_student | with_critic | login)
    with httpx2.Client(base_url=server.url, timeout=60) as at:
        wait_until_ready(at.get)
        first = infer(at, DOG, "xWant", order="p_valid")
        again = infer(at, DOG, "xWant", order="p_valid")
        assert (first["stored"], again["stored"], first["critic"]["name"]) == (False, True, BUNDLED)
        assert [row | {"stored": False} for row in again["inferences"]] == first["inferences"]
        assert None not in scores(first)
        assert infer(at, DOG, "xWant", min_p_valid=1.0)["inferences"] == []
    assert server.stop() == 0
    assert first["inferences"][0]["origins"][0].startswith(STUDENT)
