"""Inferences of a teacher: prompts, names, cleaning, and "does not apply"."""

import re

import orjson
import pytest

from distill.inferences import InferenceRecipe, Subject, inference_calls, read_inferences
from distill.teacher.calls import Call, Reply, Usage
from distill.teacher.requests import Form, TeacherModel
from schemas.errors import BadInput
from schemas.relations import RELATIONS, Relation

EVENT = "PersonX lends PersonY a ladder"
MODEL = TeacherModel("http://teacher/v1", "t")
ASKED = [relation for relation, info in RELATIONS.items() if info.teacher is not None]
NAMES = {"PersonX": "Alex", "PersonY": "Sam", "PersonZ": "Lee"}
CALL = Call("inferences", MODEL.url, {"path": "/completions", "body": {}})


def tails(*texts: str, finish: str = "stop", form: Form = "completions") -> list[tuple[str, str | None]]:
    body = {"choices": [{"text": text, "finish_reason": finish} for text in texts]}
    reply = Reply(200, {}, orjson.dumps(body), Usage())
    subject = Subject(EVENT, Relation.xWant, NAMES)
    return [(raw.tail, raw.dropped) for raw in read_inferences(subject, CALL, reply, form)]


def prompts(form: Form, *relations: Relation, event: str = EVENT) -> list[str]:
    model = TeacherModel("http://teacher/v1", "t", form)
    calls = [call for _, call in inference_calls(InferenceRecipe(relations), model, 1, [event])]
    return [c.request["body"].get("prompt") or c.request["body"]["messages"][0]["content"] for c in calls]


def test_names_become_persons_at_word_boundaries() -> None:
    assert tails(" to thank Sam for Alex's ladder.", " to find Alexander") == [
        ("to thank PersonY for PersonX's ladder", None),
        ("to find Alexander", None),
    ]


def test_a_tail_is_the_first_line() -> None:
    assert tails(" to climb up\n12. Robin sleeps") == [("to climb up", None)]


def test_duplicates_and_short_tails_are_dropped() -> None:
    assert tails(" to climb", " to climb.", " ok", " ?!") == [
        ("to climb", None),
        ("to climb", "duplicate"),
        ("ok", "length"),
        ("?!", "length"),
    ]


def test_a_tail_that_was_cut_off_is_dropped() -> None:
    assert tails(" to climb up the", finish="length") == [("to climb up the", "unfinished")]


def test_the_majority_says_whether_the_relation_applies() -> None:
    assert tails(" none", " None.", " to climb") == [
        ("none", None),
        ("none", "duplicate"),
        ("to climb", "does not apply"),
    ]
    assert tails(" none", " to climb", " to fall") == [("none", "none"), ("to climb", None), ("to fall", None)]


def test_all_lines_of_an_instruction_are_read() -> None:
    assert tails("1. to climb\n2. to fall", form="instructions") == [("to climb", None), ("to fall", None)]


@pytest.mark.parametrize("form", ["completions", "chat", "instructions"])
@pytest.mark.parametrize("relation", ASKED)
def test_a_prompt_names_all_persons(form: Form, relation: Relation) -> None:
    [prompt] = prompts(form, relation)
    assert not re.search(r"Person[XYZ]|[{}]", prompt)
    assert " lends " in prompt
    assert prompt == prompt.strip()


def test_an_event_without_persony_concerns_others() -> None:
    [prompt] = prompts("completions", Relation.oWant, event="PersonX sings")
    assert "others" in prompt.splitlines()[-1].casefold()


def test_the_prompts_of_a_relation_share_their_beginning() -> None:
    """A server's prefix cache needs it."""
    recipe = InferenceRecipe((Relation.xWant, Relation.xNeed))
    events = [EVENT, "PersonX sings", "PersonX pays PersonY"]
    asked = list(inference_calls(recipe, MODEL, 1, events))
    assert [subject.relation for subject, _ in asked] == [Relation.xWant] * 3 + [Relation.xNeed] * 3
    beginnings = {call.request["body"]["prompt"].rpartition("\n\n")[0] for _, call in asked[:3]}
    assert len(beginnings) == 1


def test_a_call_depends_on_its_event_alone() -> None:
    recipe = InferenceRecipe((Relation.xWant,))
    [(_, alone)] = inference_calls(recipe, MODEL, 1, [EVENT])
    assert alone in [call for _, call in inference_calls(recipe, MODEL, 1, ["PersonX sings", EVENT])]


def test_a_relation_without_a_template_is_refused() -> None:
    with pytest.raises(BadInput, match="MadeUpOf"):
        InferenceRecipe((Relation.MadeUpOf,))
