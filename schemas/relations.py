"""ATOMIC-2020's 23 relations (Hwang et al., AAAI 2021), each with its phrase, group and perspective."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from schemas.openapi import ATTRIBUTE_DOCSTRINGS

Group = Literal["social", "event", "physical"]
Subject = Literal["X", "other", "thing"]


class Relation(StrEnum):
    """The name of a relation, as ATOMIC writes it."""

    xIntent = "xIntent"
    xNeed = "xNeed"
    xWant = "xWant"
    xEffect = "xEffect"
    xReact = "xReact"
    xAttr = "xAttr"
    oWant = "oWant"
    oEffect = "oEffect"
    oReact = "oReact"
    xReason = "xReason"
    HinderedBy = "HinderedBy"
    isAfter = "isAfter"
    isBefore = "isBefore"
    Causes = "Causes"
    HasSubEvent = "HasSubEvent"
    isFilledBy = "isFilledBy"
    ObjectUse = "ObjectUse"
    AtLocation = "AtLocation"
    CapableOf = "CapableOf"
    Desires = "Desires"
    NotDesires = "NotDesires"
    HasProperty = "HasProperty"
    MadeUpOf = "MadeUpOf"


@dataclass(frozen=True, slots=True)
class RelationInfo:
    """Description of a relation."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    name: Relation
    phrase: str
    """Words between head and tail in a sentence."""
    group: Group
    """Group of ATOMIC-2020."""
    whose: Subject
    """Subject of the tail: PersonX ("X"), the other persons ("other"), or the event or thing itself ("thing")."""


RELATIONS: dict[Relation, RelationInfo] = {
    info.name: info
    for info in (
        RelationInfo(Relation.xIntent, "because PersonX wanted", "social", "X"),
        RelationInfo(Relation.xNeed, "but before, PersonX needed", "social", "X"),
        RelationInfo(Relation.xWant, "as a result, PersonX wants", "social", "X"),
        RelationInfo(Relation.xEffect, "as a result, PersonX", "social", "X"),
        RelationInfo(Relation.xReact, "as a result, PersonX feels", "social", "X"),
        RelationInfo(Relation.xAttr, "PersonX is seen as", "social", "X"),
        RelationInfo(Relation.oWant, "as a result, others want", "social", "other"),
        RelationInfo(Relation.oEffect, "as a result, others", "social", "other"),
        RelationInfo(Relation.oReact, "as a result, others feel", "social", "other"),
        RelationInfo(Relation.xReason, "because", "event", "X"),
        RelationInfo(Relation.HinderedBy, "can be hindered by", "event", "thing"),
        RelationInfo(Relation.isAfter, "happens after", "event", "thing"),
        RelationInfo(Relation.isBefore, "happens before", "event", "thing"),
        RelationInfo(Relation.Causes, "causes", "event", "thing"),
        RelationInfo(Relation.HasSubEvent, "includes the event or action", "event", "thing"),
        RelationInfo(Relation.isFilledBy, "has a blank that can be filled by", "event", "thing"),
        RelationInfo(Relation.ObjectUse, "can be used for", "physical", "thing"),
        RelationInfo(Relation.AtLocation, "can be found at", "physical", "thing"),
        RelationInfo(Relation.CapableOf, "is capable of", "physical", "thing"),
        RelationInfo(Relation.Desires, "desires", "physical", "thing"),
        RelationInfo(Relation.NotDesires, "does not desire", "physical", "thing"),
        RelationInfo(Relation.HasProperty, "can be characterised by", "physical", "thing"),
        RelationInfo(Relation.MadeUpOf, "is made up of", "physical", "thing"),
    )
}

ORDER: dict[Relation, int] = {relation: n for n, relation in enumerate(RELATIONS)}
"""Position of each relation in answers."""
