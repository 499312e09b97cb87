"""The first stage: a teacher writes events, and filters drop the bad ones (West et al., 2022, section 3.1)."""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from distill.teacher.calls import Call, Reply
from distill.teacher.choices import choices
from distill.teacher.requests import Form, Sampling, TeacherModel, lines_of, request
from schemas.errors import BadFile
from schemas.events import MAX_EVENT, canonical

SEEDS = Path(__file__).with_name("seed_events.txt")
TOPICS = Path(__file__).with_name("topics.txt")
Rule = Literal["unfinished", "form", "characters", "length", "example", "duplicate", "unlikely"]
"""Reason for dropping an event, in the order of the checks.

unfinished: cut at the maximum length, as only the last line of a completion can be.
form: does not begin with PersonX, or names nobody but a person.
characters: others than letters, digits and simple punctuation.
length: fewer than 3 or more than 20 words.
example: one of the seed events.
duplicate: differs from an earlier event by case, punctuation or articles at most.
unlikely: among the least likely of its block by the teacher's log-probability.
"""

_TASK = (
    "Short sentences about things that happen in people's everyday lives. PersonX, PersonY and PersonZ stand for "
    "people."
)
_INSTRUCTION = (
    "Write {lines} different short sentences about things that happen in people's everyday lives and have to do with "
    "{topic}. Each sentence begins with PersonX, is in the present tense, and has 3 to 10 words. Call other people "
    "PersonY and PersonZ. Write one sentence a line, without numbers."
)
_ALLOWED = re.compile(r"[A-Za-z0-9 ,.'\-_$%&/]+")
_FOLDED = re.compile(r"\b(?:a|an|the)\b|[^a-z0-9_ ]")
_WORDS = range(3, 21)
_BLOCK = 100
"""Events that are compared by their likelihood. Blocks are closed in order, so further calls leave them as they are."""


@dataclass(frozen=True, slots=True)
class EventRecipe:
    """Settings of the stage.

    calls: to the teacher. With a wanted number of kept triples, those of the first round.
    completions: of a call.
    examples: seed events of a prompt.
    max_tokens, temperature, top_p, presence_penalty, frequency_penalty: see `Sampling`.
    drop_worst: share of the events to drop as unlikely. Without log-probabilities none is dropped.
    seeds, topics: files with one of them a line. None: the ones in the box.
    use_topics: name a topic in each prompt, for breadth. Instructions always do.
    lines: events of a completion to an instruction.
    """

    calls: Annotated[int, Field(ge=1)]
    completions: Annotated[int, Field(ge=1, le=1000)] = 100
    examples: Annotated[int, Field(ge=1, le=100)] = 10
    max_tokens: Annotated[int, Field(ge=4, le=256)] = 12
    temperature: Annotated[float, Field(ge=0, le=5)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.9
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.5
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.5
    drop_worst: Annotated[float, Field(ge=0, lt=1)] = 0.2
    seeds: str | None = None
    topics: str | None = None
    use_topics: bool = False
    lines: Annotated[int, Field(ge=1, le=100)] = 20


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A line that a teacher wrote.

    text: as it came.
    event: its canonical form.
    dropped: None for a kept event.
    log_prob: mean natural log-probability of its tokens, if the teacher gives it.
    call, choice: the key of its call, and the place of its completion in the reply.
    """

    text: str
    event: str
    dropped: Rule | None
    log_prob: float | None
    call: str
    choice: int


def event_calls(recipe: EventRecipe, model: TeacherModel, seed: int, numbers: range) -> Iterator[Call]:
    """The calls with these numbers. Call 7 of a run is the same, whatever the number of all calls."""
    tokens = recipe.max_tokens * (recipe.lines if model.form == "instructions" else 1)
    sampling = Sampling(
        recipe.completions,
        tokens,
        recipe.temperature,
        recipe.top_p,
        recipe.presence_penalty,
        recipe.frequency_penalty,
    )
    for number in numbers:
        draw = random.Random(f"events {seed} {number}")
        text = _text(recipe, model.form, draw)
        body = request(model, text, sampling, draw.getrandbits(31))
        yield Call("events", model.url, body)


def read_events(replies: Iterable[tuple[Call, Reply]], recipe: EventRecipe, form: Form) -> Iterator[RawEvent]:
    """All lines of the replies, each with the rule that dropped it.

    replies: in the order of the calls.
    """
    seen: dict[str, Rule] = {_folded(seed): "example" for seed in seeds(recipe.seeds)}
    block: list[RawEvent] = []
    kept = 0
    for call, reply in replies:
        for raw in _lines(call, reply, form):
            if raw.dropped is None:
                key = _folded(raw.event)
                raw = replace(raw, dropped=seen.get(key))
                seen.setdefault(key, "duplicate")
            block.append(raw)
            kept += raw.dropped is None
        if kept >= _BLOCK:
            yield from _without_unlikely(block, recipe.drop_worst)
            block, kept = [], 0
    yield from _without_unlikely(block, recipe.drop_worst)


@cache
def seeds(path: str | None) -> tuple[str, ...]:
    """Seed events of a file. Raises BadFile."""
    return _file_lines(Path(path) if path is not None else SEEDS)


@cache
def topics(path: str | None) -> tuple[str, ...]:
    """Topics of a file. Raises BadFile."""
    return _file_lines(Path(path) if path is not None else TOPICS)


def _text(recipe: EventRecipe, form: Form, draw: random.Random) -> str:
    """The text of a request."""
    if form == "instructions":
        return _INSTRUCTION.format(lines=recipe.lines, topic=draw.choice(topics(recipe.topics)))
    known = seeds(recipe.seeds)
    examples = draw.sample(known, min(recipe.examples, len(known)))
    last = len(examples) + 1
    task = _TASK
    if recipe.use_topics:
        task += f" Sentence {last} has to do with {draw.choice(topics(recipe.topics))}."
    lines = [f"{n}. Event: {event}" for n, event in enumerate(examples, 1)]
    text = "\n".join([task, "", *lines, f"{last}. Event:"])
    return text if form == "completions" else f"{text}\n\nWrite the text of line {last} alone."


def _lines(call: Call, reply: Reply, form: Form) -> Iterator[RawEvent]:
    for place, choice in enumerate(choices(reply)):
        for text, is_whole in lines_of(form, choice):
            event = canonical(text.removeprefix("Event:").strip())
            log_prob = None if choice.log_prob is None else round(choice.log_prob, 4)
            yield RawEvent(text, event, _wrong(event, is_whole), log_prob, call.key, place)


def _wrong(event: str, is_whole: bool) -> Rule | None:
    """The first rule about an event alone that drops it."""
    if not is_whole:
        return "unfinished"
    if not re.match(r"PersonX(?:'s)? ", event):
        return "form"
    if not _ALLOWED.fullmatch(event):
        return "characters"
    return None if len(event.split()) in _WORDS and len(event) <= MAX_EVENT else "length"


def _without_unlikely(block: Sequence[RawEvent], share: float) -> Iterator[RawEvent]:
    """The block, with the least likely share of its events dropped."""
    likelihoods = sorted(raw.log_prob for raw in block if raw.dropped is None and raw.log_prob is not None)
    dropped = int(len(likelihoods) * share)
    limit = likelihoods[dropped] if dropped else None
    for raw in block:
        is_unlikely = limit is not None and raw.dropped is None and raw.log_prob is not None and raw.log_prob < limit
        yield replace(raw, dropped="unlikely") if is_unlikely else raw


def _folded(event: str) -> str:
    """Equal for near-exact duplicates."""
    return " ".join(_FOLDED.sub(" ", event.casefold()).split())


def _file_lines(path: Path) -> tuple[str, ...]:
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(str(path), f"no readable text ({error})") from error
    if not (found := tuple(line for line in lines if line)):
        raise BadFile(str(path), "empty, where one entry a line is expected")
    return found
