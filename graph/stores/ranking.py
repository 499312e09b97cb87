"""Filters and order of the triples of a lookup, common to all stores."""

from collections.abc import Sequence

from graph.stores.protocol import Lookup, Tails
from schemas.relations import Relation
from schemas.triples import NONE, Triple, is_generated, sort_key


def select(triples: Sequence[Triple], lookup: Lookup) -> Tails:
    """The result of a lookup: filters, order and limit applied.

    triples: all triples of the lookup's relations, with those of the tail `none`. Other relations may be among them.
    """
    covered = {t.relation for t in triples}
    generated: list[Relation] = []
    if any(map(is_generated, triples)):
        by_data = {t.relation for t in triples if not is_generated(t)}
        if lookup.generated:
            generated = [r for r in lookup.relations if r in covered and r not in by_data]
        else:
            covered = by_data
        triples = [t for t in triples if t.relation in generated or not is_generated(t)]
    missing = [r for r in lookup.relations if r not in covered]
    if lookup.origins:
        origins = set(lookup.origins)
        triples = [t for t in triples if not origins.isdisjoint(t.origins)]
    inferences = [t for t in triples if t.tail != NONE]
    not_applicable: list[Relation] = []
    if len(inferences) < len(triples):
        apply = {t.relation for t in inferences}
        not_applicable = [r for r in lookup.relations if r not in apply and _has_none(triples, r)]
    minimum = lookup.min_p_valid
    if minimum is not None:
        inferences = [t for t in inferences if t.p_valid is not None and t.p_valid >= minimum]
    inferences.sort(key=sort_key(lookup.order))
    best = inferences if len(inferences) <= lookup.limit else _best(inferences, lookup)
    return Tails(best, not_applicable, missing, generated)


def _best(triples: list[Triple], lookup: Lookup) -> list[Triple]:
    """The first `limit` triples of each relation."""
    counts = dict.fromkeys(lookup.relations, 0)
    best: list[Triple] = []
    for triple in triples:
        counts[triple.relation] += 1
        if counts[triple.relation] <= lookup.limit:
            best.append(triple)
    return best


def _has_none(triples: Sequence[Triple], relation: Relation) -> bool:
    return any(t.relation is relation and t.tail == NONE for t in triples)
