"""The relations: their names, and the description of each from its file NAME.toml."""

from collections.abc import Mapping
from pathlib import Path

from schemas.errors import BadInput
from schemas.relations.files import OWN, SHIPPED
from schemas.relations.info import (
    Group,
    RelationInfo,
    SentenceTemplates,
    Subject,
    TeacherExample,
    TeacherPrompt,
    read_info,
)
from schemas.relations.names import ATOMIC_2020, Relation

__all__ = [
    "ATOMIC_2020",
    "ORDER",
    "RELATIONS",
    "Group",
    "Relation",
    "RelationInfo",
    "SentenceTemplates",
    "Subject",
    "TeacherExample",
    "TeacherPrompt",
]


def read_relations(files: Mapping[str, Path]) -> dict[Relation, RelationInfo]:
    """The descriptions of all relations, in their order. Raises BadFile, BadInput."""
    by_words: dict[str, RelationInfo] = {}
    for path in files.values():
        info = read_info(path)
        other = by_words.setdefault(info.student, info)
        if other is not info:  # the student could not tell them apart
            allowed = f"different from the words of {other.name}"
            message = f"{path}: student: {info.student!r} is not {allowed}"
            raise BadInput.of("student", info.student, allowed, message)
    return {info.name: info for info in sorted(by_words.values(), key=lambda info: (info.order, info.name))}


RELATIONS: dict[Relation, RelationInfo] = read_relations(SHIPPED | OWN)
ORDER: dict[Relation, int] = {relation: n for n, relation in enumerate(RELATIONS)}
"""Position of each relation in answers."""
