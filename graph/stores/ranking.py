"""The triples of an event that a lookup wants: the same for every store."""

from collections.abc import Sequence

from graph.stores.protocol import Lookup, Tails
from schemas.relations import Relation
from schemas.triples import NONE, Triple, is_generated, rank


def select(triples: Sequence[Triple], lookup: Lookup) -> Tails:
    """Of all triples of an event those that the lookup wants: filtered, ordered, cut. The same for every store.

    `triples` are all of the asked relations, `none` too; those of other relations may be among them.
    """
    said = {t.relation for t in triples}
    generated: list[Relation] = []
    if any(map(is_generated, triples)):
        by_data = {t.relation for t in triples if not is_generated(t)}
        if lookup.generated:
            generated = [r for r in lookup.relations if r in said and r not in by_data]
        else:
            said = by_data
        triples = [t for t in triples if t.relation in generated or not is_generated(t)]
    missing = [r for r in lookup.relations if r not in said]
    if lookup.origins:
        wanted = set(lookup.origins)
        triples = [t for t in triples if not wanted.isdisjoint(t.origins)]
    kept = [t for t in triples if t.tail != NONE]
    not_applicable: list[Relation] = []
    if len(kept) < len(triples):
        apply = {t.relation for t in kept}
        not_applicable = [r for r in lookup.relations if r not in apply and _has_none(triples, r)]
    least = lookup.min_p_valid
    if least is not None:
        kept = [t for t in kept if t.p_valid is not None and t.p_valid >= least]
    kept.sort(key=rank)
    return Tails(kept if len(kept) <= lookup.limit else _best(kept, lookup), not_applicable, missing, generated)


def _best(triples: list[Triple], lookup: Lookup) -> list[Triple]:
    """Of each relation the first `limit`."""
    seen = dict.fromkeys(lookup.relations, 0)
    best: list[Triple] = []
    for triple in triples:
        seen[triple.relation] += 1
        if seen[triple.relation] <= lookup.limit:
            best.append(triple)
    return best


def _has_none(triples: Sequence[Triple], relation: Relation) -> bool:
    return any(t.relation is relation and t.tail == NONE for t in triples)
