"""The description of a relation, read from its file."""

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from schemas.errors import BadFile, BadInput
from schemas.relations.names import Relation
from schemas.validation import bad_input

Group = Literal["social", "event", "physical"]
Subject = Literal["X", "other", "thing"]

_STRICT = ConfigDict(extra="forbid")
TailKind = Literal["action", "quality", "thing", "clause"]
SLOTS = frozenset(("head", "this", "who", "whom", "filled")) | frozenset(
    ("tail", "to", "verb", "base", "gerund", "use", "quality", "feeling", "thing", "event", "place")
)
"""Slots of a sentence template, see docs/sentences.md."""
_SLOT = re.compile(r"\{(\w+)\}")
_TEMPLATE = re.compile(r"(?:[^{}]|\{(?:event|X|Y)\})+")


def _line(text: str) -> str:
    if not text.isprintable() or text != text.strip() or not text:
        raise ValueError("one line of text without blanks around it")
    return text


def _template(text: str) -> str:
    if "{event}" not in text or _TEMPLATE.fullmatch(text) is None or text != text.strip():
        raise ValueError("a text with {event}, and besides with {X} and {Y} alone in braces, without blanks around it")
    return text


def _sentence(text: str) -> str:
    slots = set(_SLOT.findall(text))
    if not slots <= SLOTS or set("{}") & set(_SLOT.sub("", text)):
        raise ValueError(f"a text with these alone in braces: {', '.join(sorted(SLOTS))}")
    return text


Line = Annotated[str, AfterValidator(_line)]
Sentence = Annotated[Line, AfterValidator(_sentence)]


@dataclass(frozen=True, slots=True)
class TeacherExample:
    """An event and a good tail, both with PersonX and PersonY. The tail `none`: the relation does not apply."""

    __pydantic_config__ = _STRICT

    event: Line
    tail: Line


@dataclass(frozen=True, slots=True)
class TeacherPrompt:
    """The parts of a teacher's prompt."""

    __pydantic_config__ = _STRICT

    task: Line
    """The task, in a sentence."""
    template: Annotated[str, AfterValidator(_template)]
    """The text before a tail. {event}: the event with names. {X} and {Y}: the names of PersonX and PersonY."""
    examples: Annotated[tuple[TeacherExample, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class SentenceTemplates:
    """Templates of English sentences. Slots are in braces. A verb in brackets agrees with its subject."""

    __pydantic_config__ = _STRICT

    tail: TailKind
    """What a tail mostly is."""
    statement: Sentence
    question: Sentence
    not_applicable: Sentence
    clause: Sentence | None = None
    """The statement for a tail with a subject of its own."""
    thing: Sentence | None = None
    """The statement for a noun phrase."""
    action: Sentence | None = None
    """The statement for a verb phrase."""
    more: Sentence | None = None
    """The statement where the head stands in the sentence before."""
    join: Literal["and", "or"] = "and"
    """The word before the last of several tails."""


@dataclass(frozen=True, slots=True)
class RelationInfo:
    """Description of a relation."""

    __pydantic_config__ = _STRICT

    name: Relation
    order: Annotated[int, Field(strict=True, ge=1)]
    """Place among the relations. Those with the same place follow by name."""
    phrase: Line
    """Words between head and tail in a sentence."""
    group: Group
    """Group of ATOMIC-2020."""
    whose: Subject
    """Subject of the tail: PersonX ("X"), the other persons ("other"), or the event or thing itself ("thing")."""
    student: Line
    """Words in the student's prompt form `plain`."""
    critic: Line
    """Words before the tail for the critic."""
    event_tails: bool = False
    """True if the tails are events, so that paths lead on from them."""
    teacher: TeacherPrompt | None = None
    """None: a teacher cannot be asked for this relation."""
    sentence: SentenceTemplates | None = None
    """None: sentences are made of the phrase."""


_FILE = TypeAdapter(RelationInfo)


def read_info(path: Path) -> RelationInfo:
    """The description in a file. Raises BadFile for no TOML, BadInput for a wrong, missing or unknown field."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(str(path), f"no readable TOML ({error})") from error
    if content.get("name", path.stem) != path.stem:
        raise _of(path, BadInput.of("name", content["name"], f"{path.stem}, as the file is named"))
    try:
        return _FILE.validate_python(content)
    except ValidationError as error:
        fields = RelationInfo.__dataclass_fields__
        raise _of(path, bad_input(error.errors(), list(fields))) from None


def _of(path: Path, bad: BadInput) -> BadInput:
    """The error with the file in its message."""
    first, *rest = bad.errors
    return BadInput([replace(first, message=f"{path}: {first.message}"), *rest])
