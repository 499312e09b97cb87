"""The second stage: a teacher writes inferences about events, by one prompt a relation (West et al., 2022, 3.2)."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from distill.first_names import drawn, with_names, with_persons
from distill.student.postprocess import MIN_CHARACTERS, clean_tail
from distill.teacher.calls import Call, Reply
from distill.teacher.choices import Choice, choices
from distill.teacher.requests import Form, Sampling, TeacherModel, lines_of, request
from schemas.errors import BadInput
from schemas.events import MAX_TAIL, has_letter
from schemas.relations import RELATIONS, Relation, TeacherPrompt
from schemas.triples import NONE, says_none

Rule = Literal["unfinished", "length", "none", "does not apply", "duplicate"]
"""Reason for dropping an inference, in the order of the checks.

unfinished: cut at the maximum length, as only the last line of a completion can be.
length: fewer than three characters, no letter, or too long for the graph.
none: "does not apply", by less than half of the completions.
does not apply: a tail where half of the completions or more say "does not apply".
duplicate: an equal tail of the same event and relation.
"""

DEFAULT_RELATIONS = tuple(
    map(Relation, ("xIntent", "xNeed", "xWant", "xEffect", "xReact", "xAttr", "oWant", "oEffect", "oReact"))
)
_INSTRUCTION = " Write {lines} different answers, one a line, without numbers. Continue only from the last line."


@dataclass(frozen=True, slots=True)
class InferenceRecipe:
    """Settings of the stage.

    relations: to ask for. A relation needs a template in its file.
    events: most events to ask about. None: all.
    completions: of a call, one call for each event and relation.
    max_tokens, temperature, top_p: see `Sampling`.
    lines: inferences of a completion to an instruction.
    """

    relations: tuple[Relation, ...] = DEFAULT_RELATIONS
    events: Annotated[int, Field(ge=1)] | None = None
    completions: Annotated[int, Field(ge=1, le=1000)] = 10
    max_tokens: Annotated[int, Field(ge=4, le=256)] = 12
    temperature: Annotated[float, Field(ge=0, le=5)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.5
    lines: Annotated[int, Field(ge=1, le=100)] = 5

    def __post_init__(self) -> None:
        """Raises BadInput for a relation without a template."""
        if not self.relations:
            raise BadInput.of("inferences.relations", [], "a list of at least one relation")
        for relation in self.relations:
            if RELATIONS[relation].teacher is None:
                known = ", ".join(name for name, info in RELATIONS.items() if info.teacher is not None)
                raise BadInput.of(
                    "inferences.relations", relation.value, f"a relation with a teacher's prompt: {known}"
                )


@dataclass(frozen=True, slots=True)
class Subject:
    """Subject of a call: an event and a relation, with the names of the event's persons."""

    head: str
    relation: Relation
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class RawInference:
    """A line that a teacher wrote about an event.

    text: as it came.
    tail: cleaned, with PersonX in place of names. NONE: the relation does not apply.
    dropped: None for a kept inference.
    log_prob: mean natural log-probability of its tokens, if the teacher gives it.
    call, choice: the key of its call, and the place of its completion in the reply.
    """

    head: str
    relation: Relation
    text: str
    tail: str
    dropped: Rule | None
    log_prob: float | None
    call: str
    choice: int


def inference_calls(
    recipe: InferenceRecipe, model: TeacherModel, seed: int, events: Sequence[str]
) -> Iterator[tuple[Subject, Call]]:
    """All calls, ordered by relation: calls in a row share the beginning of their prompts, and servers cache it."""
    tokens = recipe.max_tokens * (recipe.lines if model.form == "instructions" else 1)
    sampling = Sampling(recipe.completions, tokens, recipe.temperature, recipe.top_p)
    for relation in recipe.relations:
        prompt = RELATIONS[relation].teacher
        assert prompt is not None
        shared = _shared(relation, prompt)
        for event in events:
            draw = random.Random(f"inferences {seed} {relation} {event}")
            subject = Subject(event, relation, drawn(event, draw))
            text = _text(shared, prompt, subject, recipe, model.form)
            yield subject, Call("inferences", model.url, request(model, text, sampling, draw.getrandbits(31)))


def read_inferences(subject: Subject, call: Call, reply: Reply, form: Form) -> list[RawInference]:
    """All lines of a reply, each with the rule that dropped it."""
    raws = [raw for n, choice in enumerate(choices(reply)) for raw in _lines(subject, call, n, choice, form)]
    tails = Counter(raw.tail == NONE for raw in raws if raw.dropped is None)
    applies = tails[True] < tails[False]
    seen: set[str] = set()
    return [_checked(raw, seen, applies=applies) for raw in raws]


def _shared(relation: Relation, prompt: TeacherPrompt) -> str:
    """Task and examples, the same for all events. Their names are drawn by the relation."""
    draw = random.Random(relation.value)
    lines: list[str] = []
    for number, example in enumerate(prompt.examples, 1):
        names = drawn(f"{example.event} {example.tail}", draw)
        cue = _cue(prompt, Subject(example.event, relation, names))
        lines.append(f"{number}. {cue} {with_names(example.tail, names)}")
    return "\n".join([prompt.task, "", *lines])


def _text(shared: str, prompt: TeacherPrompt, subject: Subject, recipe: InferenceRecipe, form: Form) -> str:
    """The text of a request."""
    cue = _cue(prompt, subject)
    number = len(prompt.examples) + 1
    if form == "completions":
        return f"{shared}\n\n{number}. {cue}"
    if form == "chat":
        return f"{shared}\n{number}. {cue} …\n\nWrite the missing end of line {number} alone."
    return prompt.task + _INSTRUCTION.format(lines=recipe.lines) + f"\n\n{cue}"


def _cue(prompt: TeacherPrompt, subject: Subject) -> str:
    """The words before a tail."""
    names = subject.names
    other = names["PersonY"] if "PersonY" in subject.head else "others"
    return prompt.template.format(event=with_names(subject.head, names), X=names["PersonX"], Y=other)


def _lines(subject: Subject, call: Call, place: int, choice: Choice, form: Form) -> Iterator[RawInference]:
    log_prob = None if choice.log_prob is None else round(choice.log_prob, 4)
    for text, is_whole in lines_of(form, choice):
        tail = with_persons(clean_tail(text, "\n").removeprefix("…").lstrip(), subject.names)
        tail = NONE if says_none(tail) else tail
        dropped = _wrong(tail, is_whole)
        yield RawInference(subject.head, subject.relation, text, tail, dropped, log_prob, call.key, place)


def _wrong(tail: str, is_whole: bool) -> Rule | None:
    """The first rule about a tail alone that drops it."""
    if not is_whole:
        return "unfinished"
    return None if MIN_CHARACTERS <= len(tail) <= MAX_TAIL and has_letter(tail) else "length"


def _checked(raw: RawInference, seen: set[str], *, applies: bool) -> RawInference:
    """The inference, dropped if it contradicts the most of its reply or repeats a part of it."""
    if raw.dropped is not None:
        return raw
    if applies == (raw.tail == NONE):
        return replace(raw, dropped="none" if applies else "does not apply")
    if raw.tail in seen:
        return replace(raw, dropped="duplicate")
    seen.add(raw.tail)
    return raw
