"""Walks that the student goes on with where the graph ends."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.settings import load_settings
from tests.support.requests import DOG, add, opened_app
from tests.support.triples import triple

OFF = {"match": False, "generate_seconds": 600}
BOOK = "PersonX loses PersonY's library book"


@pytest.fixture(scope="module")
def live(
    tmp_path_factory: pytest.TempPathFactory, with_student: dict[str, str], with_critic: dict[str, str]
) -> Iterator[TestClient]:
    """The application with student and critic, on a graph of one event."""
    options = {"store": str(tmp_path_factory.mktemp("walks") / "store"), "cache": with_student["COMETGRAPH_CACHE"]}
    with opened_app(load_settings(options | OFF), models="now") as client:
        add(client, triple(BOOK, "xEffect", "adopts a three-legged dog"), triple(BOOK, "xReact", "sorry"))
        yield client


def ask(at: TestClient, path: str, **params: Any) -> dict[str, Any]:
    response = at.get(path, params={name.rstrip("_"): value for name, value in params.items()})
    assert response.status_code == 200, response.text
    return response.json()


def test_the_student_goes_on_where_the_graph_ends(live: TestClient) -> None:
    question = {"event": BOOK, "relation": ["xEffect", "xWant"], "depth": 2, "width": 3}
    assert len(ask(live, "/expand", **question)["edges"]) == 1
    answer = ask(live, "/expand", **question, generate=True, keep=False, render="third")
    assert answer["degraded"] == []
    assert answer["critic"] is not None
    assert answer["generated"] == 2  # the pairs of the dog: the book has steps of its own
    stored, *written = answer["edges"]
    assert (stored["source"], stored["stored"]) == ("graph", True)
    assert answer["nodes"][stored["target"]]["text"] == DOG
    assert len(written) == 3
    for edge in written:
        assert (edge["source"], edge["stored"]) == ("generated", False)
        assert edge["head"] == stored["target"]
        assert 0 <= edge["p_valid"] <= 1
        assert edge["sentence"].startswith("PersonX adopts a three-legged dog")
    # Nothing was kept.
    assert len(ask(live, "/expand", **question, generated=True)["edges"]) == 1


def test_a_budget_ends_a_walk_and_is_named(live: TestClient) -> None:
    options = {"event": DOG, "depth": 3, "generate": True, "keep": False, "budget": 3}
    answer = ask(live, "/expand", **options, relation=["xEffect", "xWant"])
    assert answer["generated"] == 3
    assert answer["truncated"] is True
    assert answer["degraded"] == ["generate: the budget of 3 pairs is spent"]


def test_a_live_path_comes_back_to_the_graph(live: TestClient) -> None:
    """The student's tail is linked to an event of the graph, and the path goes on from there."""
    first = ask(live, "/expand", event=DOG, depth=1, relation="xWant", generate=True, keep=False)
    tail, link = first["edges"][0]["tail"], first["edges"][0]["link"]
    add(live, triple(link["event"], "xEffect", "finds a silver spoon"))
    assert ask(live, "/paths", from_=BOOK, to="finds a silver spoon", generated=True)["paths"] == []
    answer = ask(live, "/paths", from_=BOOK, to="finds a silver spoon", generate=True, keep=False)
    path = answer["paths"][0]
    assert [hop["event"] for hop in path["hops"]] == [BOOK, DOG, link["event"]]
    assert [(hop["source"], hop["stored"]) for hop in path["hops"]] == [
        ("graph", True),
        ("generated", False),
        ("graph", True),
    ]
    assert path["hops"][1]["tail"] == tail
    assert path["hops"][1]["link"]["rule"] is not None  # it is an event of the graph now
    assert 0 < path["score"] < 1


def test_what_is_kept_is_the_graph_s_next_time(live: TestClient) -> None:
    question = {"event": "PersonX rents a canoe", "depth": 1, "relation": "xWant"}
    first = ask(live, "/expand", **question, generate=True)
    assert first["generated"] == 1
    again = ask(live, "/expand", **question, generate=True)
    assert again["generated"] == 0
    assert {edge["tail"] for edge in again["edges"]} == {edge["tail"] for edge in first["edges"]}
    assert all((edge["source"], edge["stored"]) == ("generated", True) for edge in again["edges"])


def test_no_event_is_an_event(live: TestClient) -> None:
    answer = ask(live, "/expand", event="asdf qwer zxcv", depth=1, generate=True, keep=False, as_is=True)
    assert answer["edges"] == []
    [line] = answer["degraded"]
    assert line.startswith("generate asdf qwer zxcv: ")
