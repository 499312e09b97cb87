"""Answers of the graph alone: filters, limits, and the triples of students."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from graph.stores.protocol import Tails
from schemas.relations import RELATIONS, Relation
from service.answering.cascade import wanted
from service.answering.questions import SOCIAL, checked
from tests.support.requests import CAR, DOG, add, app_with, infer, problem
from tests.support.triples import triple

NAMED = (Relation.xWant, Relation.isAfter)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A graph of two data sets and a student."""
    with app_with(str(tmp_path_factory.mktemp("cascade") / "store")) as client:
        add(
            client,
            triple(CAR, "xWant", "to drive", p_valid=0.9, origins=("a",)),
            triple(CAR, "xWant", "to park", p_valid=0.5, origins=("a", "b")),
            triple(CAR, "xWant", "to honk", origins=("b",)),
            triple(CAR, "xNeed", "money", p_valid=0.7, origins=("b",)),
            triple(CAR, "oReact", "none", origins=("b",)),
            triple(CAR, "xAttr", "rich", origins=("student:s",), log_prob=-1.0),
            triple(DOG, "xReact", "happy", origins=("student:s",), log_prob=-1.0),
        )
        yield client


@pytest.mark.parametrize(
    ("params", "tails"),
    [
        ({"mode": "graph"}, ["to drive", "money", "to park", "to honk"]),
        ({"mode": "graph", "limit": 1}, ["to drive", "money"]),
        ({"mode": "graph", "limit": 2, "relation": "xWant"}, ["to drive", "to park"]),
        ({"mode": "graph", "min_p_valid": 0.5}, ["to drive", "money", "to park"]),
        ({"mode": "graph", "min_p_valid": 0.71}, ["to drive"]),
        ({"mode": "graph", "min_p_valid": 0}, ["to drive", "money", "to park"]),
        ({"mode": "graph", "origin": "a"}, ["to drive", "to park"]),
        ({"mode": "graph", "origin": ["a", "b"], "limit": 1}, ["to drive", "money"]),
        ({"origin": "student:s"}, ["rich"]),
        ({}, ["to drive", "money", "to park", "rich", "to honk"]),
    ],
)
def test_filters_choose_and_the_best_of_each_relation_come_first(
    filled: TestClient, params: dict[str, Any], tails: list[str]
) -> None:
    answer = infer(filled, CAR, **params)
    assert [one["tail"] for one in answer["inferences"]] == tails
    for relation in ("xWant", "xNeed"):
        ranks = [one["rank"] for one in answer["inferences"] if one["relation"] == relation]
        assert ranks == list(range(1, len(ranks) + 1))


@pytest.mark.parametrize(("origin", "relations"), [("a", []), ("b", ["oReact"])])
def test_a_relation_does_not_apply_by_the_chosen_origins(filled: TestClient, origin: str, relations: list[str]) -> None:
    assert infer(filled, CAR, mode="graph", origin=origin)["not_applicable"] == relations


def test_a_triple_of_a_student_is_labelled_and_hidden_from_the_mode_graph(filled: TestClient) -> None:
    answer = infer(filled, CAR, "xAttr", "xNeed")
    labels = {one["tail"]: (one["source"], one["generated"], one["stored"]) for one in answer["inferences"]}
    assert labels == {"money": ("graph", False, True), "rich": ("generated", True, True)}
    assert answer["source"] == "generated"
    assert infer(filled, CAR, "xAttr", mode="graph")["inferences"] == []
    assert infer(filled, DOG)["source"] == "generated"
    problem(filled.get("/infer", params={"event": DOG, "mode": "graph"}), 404, "EventNotFound")


@pytest.mark.parametrize(
    ("params", "nearest"),
    [({}, []), ({"generated": True}, [DOG]), ({"generated": True, "mode": "graph"}, [])],
)
def test_an_event_of_students_alone_is_proposed_on_request(
    filled: TestClient, params: dict[str, Any], nearest: list[str]
) -> None:
    asked = {"event": "PersonX adopts a legged dog"}
    assert problem(filled.get("/infer", params=asked | params), 404, "EventNotFound")["nearest"] == nearest


ALL = tuple(RELATIONS)
BY_DATA = Tails(missing=[*ALL[1:]])
BY_STUDENT = Tails(missing=[*ALL[2:]], generated=[*ALL[:2]])


@pytest.mark.parametrize(
    ("fields", "tails", "relations"),
    [
        ({}, None, ALL),
        ({"relation": NAMED}, None, NAMED),
        ({}, BY_DATA, ()),
        ({"relation": NAMED}, Tails(missing=[Relation.isAfter]), (Relation.isAfter,)),
        ({}, BY_STUDENT, SOCIAL[2:]),
        ({"mode": "graph"}, None, ()),
        ({"mode": "graph", "relation": NAMED}, Tails(missing=[*NAMED]), ()),
        ({"mode": "generate", "relation": NAMED}, Tails(), NAMED),
        ({"mode": "near_duplicate"}, BY_DATA, ALL),
    ],
)
def test_the_relations_that_the_graph_leaves_to_the_other_sources(
    fields: dict[str, Any], tails: Tails | None, relations: tuple[Relation, ...]
) -> None:
    assert wanted(checked({"event": CAR} | fields), tails) == relations
