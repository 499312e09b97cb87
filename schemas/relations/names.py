"""The names of the relations."""

from enum import StrEnum

from schemas.relations.files import OWN, SHIPPED


class Relation(StrEnum):
    """The name of a relation: one of ATOMIC-2020's 23 (Hwang et al., AAAI 2021), or of a file of one's own."""

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
    vars().update((name, name) for name in OWN)


ATOMIC_2020 = tuple(relation for relation in Relation if relation in SHIPPED)
"""The relations of ATOMIC-2020."""
