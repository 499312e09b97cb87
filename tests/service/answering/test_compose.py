"""One answer of several sources: order, labels, errors, and the facts about generated parts."""

from typing import Any

import pytest

from distill.engines.decoding import decoding_of
from distill.engines.engine import Placement
from distill.judge.judge import Verdict
from distill.student.prompts import form_named
from distill.student.student import StudentCard
from schemas.errors import EventNotFound, Overloaded, Unavailable
from schemas.infer import Answer, Match
from schemas.models import Critic
from schemas.relations import RELATIONS, Relation
from service.answering.compose import PartialAnswer, compose
from service.answering.questions import checked
from service.runtime.model_factories import CriticCard
from service.runtime.normalizer import NormalizedQuestion
from tests.support.requests import CAR
from tests.support.triples import triple

PLACEMENTS = {"beam": Placement("ctranslate2", "cpu", "int8"), "sample": Placement("torch", "cpu", "float32")}
CARD = StudentCard("tiny", "v1", form_named("plain"), tuple(RELATIONS), PLACEMENTS)  # type: ignore[arg-type]
MATCH = Match(CAR, 1.0, 1.0, {"PersonX": "PersonX"})
GRAPH = PartialAnswer("graph", [triple(CAR, "xWant", "a", p_valid=0.5), triple(CAR, "xNeed", "b")], match=MATCH)
NEAR = PartialAnswer("near_duplicate", [triple(CAR, "xWant", "c", p_valid=0.9), triple(CAR, "xWant", "d")])
EMPTY = PartialAnswer("near_duplicate")


def written(method: str, *relations: Relation, seed: int = 7) -> PartialAnswer:
    triples = [triple(CAR, relation, "z", origins=(CARD.origin,), log_prob=-1.0) for relation in relations]
    return PartialAnswer(
        "generated", triples, relations=relations, student=CARD, decoding=decoding_of(method), seed=seed
    )


def answer(*parts: PartialAnswer, skipped: str | None = None, **fields: Any) -> Answer:
    return compose(NormalizedQuestion(CAR, CAR, skipped=skipped), checked({"event": CAR} | fields), parts, 0.0)


def failed(source: Any, reason: str, *relations: Relation) -> PartialAnswer:
    return PartialAnswer(source, relations=relations, error=Unavailable(reason))


@pytest.mark.parametrize("parts", [(GRAPH, NEAR), (NEAR, GRAPH)])
def test_the_inferences_of_all_sources_have_one_order_and_a_rank_in_their_relation(
    parts: tuple[PartialAnswer, ...],
) -> None:
    rows = [(one.relation, one.tail, one.rank, one.source) for one in answer(*parts, limit=2).inferences]
    assert rows == [("xWant", "c", 1, "near_duplicate"), ("xWant", "a", 2, "graph"), ("xNeed", "b", 1, "graph")]
    assert [one.tail for one in answer(*parts, limit=1).inferences] == ["c", "b"]


STORED = PartialAnswer("graph", [triple(CAR, "xAttr", "kind", origins=("student:s",))], is_generated=True)


@pytest.mark.parametrize(
    ("parts", "source", "stored"),
    [
        ([GRAPH], "graph", True),
        ([GRAPH, EMPTY], "graph", True),
        ([GRAPH, NEAR], "near_duplicate", True),
        ([STORED], "generated", True),
        ([STORED, NEAR], "generated", True),
        ([GRAPH, NEAR, written("beam", Relation.xAttr)], "generated", False),
        ([written("beam", Relation.xAttr), GRAPH], "generated", False),
    ],
)
def test_the_source_is_the_last_in_turn_with_a_part(parts: list[PartialAnswer], source: str, stored: bool) -> None:
    whole = answer(*parts)
    assert (whole.source, whole.stored) == (source, stored)
    assert [one.source for one in whole.inferences if one.tail == "kind"] == ["generated"] * (STORED in parts)


def test_only_parts_of_the_student_were_not_stored_before() -> None:
    whole = answer(GRAPH, written("beam", Relation.xAttr))
    assert {one.relation.value: (one.stored, one.generated) for one in whole.inferences} == {
        "xWant": (True, False),
        "xNeed": (True, False),
        "xAttr": (False, True),
    }


def test_each_failure_beside_an_answer_is_told_once() -> None:
    near, student = (
        failed("near_duplicate", "it rests"),
        failed("generated", "it waits", Relation.xWant, Relation.xNeed),
    )
    kept = written("beam", Relation.xAttr)
    kept.skipped = ["critic: it rests", "keep: it rests"]
    whole = answer(GRAPH, near, near, student, kept, kept, skipped="the parser rests")
    assert whole.degraded == [
        "near_duplicate: it rests",
        "generate xWant, xNeed: it waits",
        "the parser rests",
        "critic: it rests",
        "keep: it rests",
    ]


@pytest.mark.parametrize("others", [(), (EMPTY,), (PartialAnswer("graph", match=MATCH),)])
def test_an_empty_answer_hides_no_failure(others: tuple[PartialAnswer, ...]) -> None:
    last = PartialAnswer("generated", error=Overloaded("9 questions wait", 3))
    with pytest.raises(Overloaded):
        answer(failed("near_duplicate", "it rests"), *others, last)


def test_a_relation_that_does_not_apply_is_content() -> None:
    part = PartialAnswer("near_duplicate", not_applicable=[Relation.oReact], error=None)
    whole = answer(failed("generated", "it rests"), part)
    assert (whole.inferences, whole.not_applicable, len(whole.degraded)) == ([], ["oReact"], 1)
    with pytest.raises(EventNotFound):
        answer(PartialAnswer("near_duplicate", error=EventNotFound(CAR)))


def test_tails_that_were_all_left_out_by_their_scores_are_an_answer() -> None:
    nothing = written("beam", Relation.xAttr)
    nothing.triples = []
    whole = answer(failed("near_duplicate", "it rests"), nothing)
    assert (whole.inferences, whole.not_applicable, whole.stored) == ([], [], False)
    assert whole.degraded == ["near_duplicate: it rests"]


def test_the_critic_is_that_of_the_generated_parts() -> None:
    scored, unscored = written("beam", Relation.xAttr), written("beam", Relation.oWant)
    scored.critic = CriticCard("small", "v2")
    assert answer(GRAPH, unscored, scored).critic == Critic("small", "v2")
    assert answer(GRAPH, unscored).critic is None


def test_an_order_by_p_valid_counts_what_a_critic_says_of_generated_inferences() -> None:
    part = written("beam")
    part.triples = [
        triple(CAR, "xWant", tail, origins=(CARD.origin,), log_prob=log_prob, p_valid=p_valid, critic="small@v2")
        for tail, log_prob, p_valid in (("y", -1.0, 0.25), ("z", -2.0, 0.75))
    ]
    part.triples.append(triple(CAR, "xWant", "x", origins=(CARD.origin,), log_prob=-0.5))
    assert [one.tail for one in answer(GRAPH, part).inferences] == ["a", "x", "y", "z", "b"]
    by_p_valid = answer(GRAPH, part, order="p_valid", limit=3).inferences
    assert [(one.tail, one.rank, one.critic) for one in by_p_valid] == [
        ("z", 1, "small@v2"),
        ("a", 2, None),
        ("y", 3, "small@v2"),
        ("b", 1, None),
    ]


@pytest.mark.parametrize(
    ("method", "engine", "beams", "seed"), [("beam", "ctranslate2", 10, None), ("sample", "torch", None, 7)]
)
def test_model_and_decoding_are_those_of_the_generated_part(
    method: str, engine: str, beams: int | None, seed: int | None
) -> None:
    whole = answer(GRAPH, written(method, Relation.xAttr), written(method, Relation.oWant), explain=True)
    assert whole.model is not None
    assert whole.decoding is not None
    assert (whole.model.name, whole.model.engine) == ("tiny", engine)
    assert (whole.decoding.method, whole.decoding.beams, whole.decoding.seed) == (method, beams, seed)
    assert (whole.decoding.temperature is None) is (whole.decoding.top_p is None) is (method == "beam")
    assert (whole.prompts or {}).keys() == {"xAttr", "oWant"}
    plain = answer(GRAPH, written(method, Relation.xAttr))
    assert (plain.prompts, answer(GRAPH, explain=True).model) == (None, None)


def test_the_considered_events_are_shown_on_request_alone() -> None:
    part = PartialAnswer("near_duplicate", considered=[Verdict("PersonX sells a car", 0.87654, 0.12346, False, "verb")])
    assert answer(GRAPH, part).candidates is None
    [one] = answer(GRAPH, part, explain=True).candidates or []
    assert (one.event, one.similarity, one.confidence, one.same) == ("PersonX sells a car", 0.8765, 0.1235, False)
