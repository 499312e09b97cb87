"""Events of a teacher: prompts, filters and counts."""

from pathlib import Path

import orjson
import pytest

from distill.events import EventRecipe, event_calls, read_events, seeds, topics
from distill.teacher.calls import Call, Reply, Usage
from distill.teacher.requests import Form, TeacherModel
from schemas.errors import BadFile

MODEL = TeacherModel("http://teacher/v1", "t")
RECIPE = EventRecipe(calls=2)


def reply(*texts: str, finish: str = "stop", log_probs: list[float] | None = None) -> Reply:
    values = log_probs or [-1.0] * len(texts)
    listed = [
        {"text": text, "finish_reason": finish, "logprobs": {"token_logprobs": [value]}}
        for text, value in zip(texts, values, strict=True)
    ]
    return Reply(200, {}, orjson.dumps({"choices": listed}), Usage())


def call(number: int = 0) -> Call:
    return Call("events", "http://teacher/v1", {"path": "/completions", "body": {"number": number}})


def dropped(*replies: Reply, recipe: EventRecipe = RECIPE, form: Form = "completions") -> list[tuple[str, str | None]]:
    pairs = [(call(n), one) for n, one in enumerate(replies)]
    return [(raw.event, raw.dropped) for raw in read_events(pairs, recipe, form)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (" PersonX paints the fence", None),
        (" PersonX's boss quits.", None),
        (" PersonY paints the fence", "form"),
        (" Alex paints the fence", "form"),
        (" PersonXavier paints the fence", "form"),
        (" PersonX", "form"),
        (" PersonX sleeps", "length"),
        (" PersonX " + "very " * 20 + "tired", "length"),
        (" PersonX paints the fence 你好", "characters"),
        (f" {seeds(None)[0]}", "example"),
        (f" {seeds(None)[0].replace(' the ', ' a ').upper().replace('PERSONX', 'PersonX')}!", "example"),
    ],
)
def test_rules(text: str, rule: str | None) -> None:
    assert [one for _, one in dropped(reply(text))] == [rule]


def test_a_completion_that_was_cut_off_is_dropped() -> None:
    assert dropped(reply(" PersonX paints the", finish="length")) == [("PersonX paints the", "unfinished")]


def test_whole_lines_of_a_completion_that_was_cut_off_stay() -> None:
    cut = reply("1. PersonX paints the fence\n\n2. PersonX mows the lawn\n3. PersonX feeds the", finish="length")
    lines = [("PersonX paints the fence", None), ("PersonX mows the lawn", None), ("PersonX feeds the", "unfinished")]
    assert dropped(cut, form="instructions") == lines
    assert dropped(cut, form="chat") == lines[:1]
    assert dropped(reply("PersonX paints the fence\n", finish="length"), form="chat") == lines[:1]


def test_near_exact_duplicates_are_dropped_across_calls() -> None:
    first, second = reply(" PersonX paints the fence"), reply(" PersonX paints a fence.", " PersonX paints fences")
    assert [rule for _, rule in dropped(first, second)] == [None, "duplicate", None]


def test_the_least_likely_fifth_is_dropped() -> None:
    texts = [f" PersonX paints fence {n}" for n in range(10)]
    result = dropped(reply(*texts, log_probs=[-float(n) for n in range(10)]))
    assert [event for event, rule in result if rule == "unlikely"] == [
        "PersonX paints fence 8",
        "PersonX paints fence 9",
    ]


def test_without_log_probabilities_nothing_is_unlikely() -> None:
    body = {"choices": [{"text": f" PersonX paints fence {n}", "finish_reason": "stop"} for n in range(10)]}
    assert {rule for _, rule in dropped(Reply(200, {}, orjson.dumps(body), Usage()))} == {None}


def test_further_calls_leave_closed_blocks_as_they_are() -> None:
    """An event that was kept, and paid inferences, stays kept."""
    many = [
        reply(*(f" PersonX paints fence {n} {m}" for m in range(60)), log_probs=[-(m * 7.0 % 5 + n) for m in range(60)])
        for n in range(6)
    ]
    assert dropped(*many)[: 60 * 4] == dropped(*many[:4])[: 60 * 4]


def test_a_reply_without_completions_gives_no_event() -> None:
    for body in (b"", b"not JSON", b"{}", b'{"choices": null}', b'{"choices": [{"text": 3}, null]}'):
        assert dropped(Reply(200, {}, body, Usage())) == []


def test_a_chat_reply_may_repeat_number_and_quotes() -> None:
    body = {"choices": [{"message": {"content": '11. "PersonX paints the fence."\n'}, "finish_reason": "stop"}]}
    assert dropped(Reply(200, {}, orjson.dumps(body), Usage()), form="chat") == [("PersonX paints the fence", None)]


def test_all_lines_of_an_instruction_are_read() -> None:
    text = "1. PersonX paints the fence\n- PersonX sells the car.\n\n3) Sure!"
    result = dropped(reply(text), form="instructions")
    assert result == [("PersonX paints the fence", None), ("PersonX sells the car", None), ("Sure", "form")]


def test_a_call_is_the_same_whatever_the_number_of_calls() -> None:
    few, many = (list(event_calls(RECIPE, MODEL, 1, range(count))) for count in (3, 9))
    assert few == many[:3]
    assert len({one.key for one in many}) == 9


def test_a_prompt_has_ten_examples_and_ends_before_the_event() -> None:
    [one] = event_calls(RECIPE, MODEL, 1, range(1))
    lines = one.request["body"]["prompt"].splitlines()
    assert lines[-1] == "11. Event:"
    assert [line.partition(". Event: ")[2] in seeds(None) for line in lines[2:-1]] == [True] * 10


def test_topics_differ_between_calls() -> None:
    recipe = EventRecipe(calls=8, use_topics=True)
    prompts = [one.request["body"]["prompt"] for one in event_calls(recipe, MODEL, 1, range(8))]
    assert all(any(f"has to do with {topic}." in prompt for topic in topics(None)) for prompt in prompts)


def test_seed_events_are_events_by_the_rules() -> None:
    assert len(seeds(None)) >= 100
    result = dropped(reply(*seeds(None)), recipe=EventRecipe(calls=1, seeds=None, drop_worst=0))
    assert {rule for _, rule in result} == {"example"}


def test_an_empty_file_of_seeds_is_named(tmp_path: Path) -> None:
    (tmp_path / "seeds.txt").write_text("\n")
    with pytest.raises(BadFile, match=r"seeds\.txt"):
        list(event_calls(EventRecipe(calls=1, seeds=str(tmp_path / "seeds.txt")), MODEL, 1, range(1)))
