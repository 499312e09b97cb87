"""Filters and order of the triples of a lookup."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.stores.protocol import Lookup, Tails
from graph.stores.ranking import select
from schemas.relations import Relation
from schemas.triples import Triple, is_generated, sort_key
from tests.support.triples import ask, triple

EVENT = "PersonX waits"
RELATIONS = (Relation.xWant, Relation.xNeed, Relation.oReact)
ORIGINS = [("a",), ("a", "b"), ("b",), ("a", "student:s"), ("student:s",), ("student:s", "student:t")]
TRIPLES = st.builds(
    triple,
    head=st.just(EVENT),
    relation=st.sampled_from(RELATIONS),
    tail=st.sampled_from(["none", *"pqrs"]),
    p_valid=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    origins=st.sampled_from(ORIGINS),
    log_prob=st.none() | st.sampled_from([-2.0, -1.0]),
    critic=st.none() | st.just("c@1"),
)
STORED = st.lists(TRIPLES, unique_by=lambda one: one[:3], max_size=15)
LOOKUPS = st.builds(
    Lookup,
    event=st.just(EVENT),
    relations=st.lists(st.sampled_from([*RELATIONS, Relation.xAttr]), unique=True, min_size=1).map(tuple),
    limit=st.integers(1, 3),
    min_p_valid=st.none() | st.sampled_from([0.0, 0.5]),
    origins=st.sampled_from([(), ("a",), ("b", "student:t"), ("c",)]),
    generated=st.booleans(),
    order=st.sampled_from(["default", "p_valid"]),
)
FEW = settings(max_examples=40, deadline=None)


def selected(stored: list[Triple], lookup: Lookup) -> Tails:
    """As a store calls it: with the triples of the lookup's relations, and with every tail `none`."""
    return select([one for one in stored if one.relation in lookup.relations or one.tail == "none"], lookup)


@given(STORED.flatmap(lambda stored: st.tuples(st.just(stored), st.permutations(stored))), LOOKUPS)
@FEW
def test_the_order_of_the_stored_triples_does_not_matter(
    orders: tuple[list[Triple], list[Triple]], lookup: Lookup
) -> None:
    first, second = orders
    assert selected(first, lookup) == selected(second, lookup)


@given(STORED, LOOKUPS)
@FEW
def test_each_relation_is_answered_on_its_own(stored: list[Triple], lookup: Lookup) -> None:
    tails = selected(stored, lookup)
    alone = [selected(stored, replace(lookup, relations=(relation,))) for relation in lookup.relations]
    assert tails.triples == sorted((one for some in alone for one in some.triples), key=sort_key(lookup.order))
    assert tails.not_applicable == [relation for some in alone for relation in some.not_applicable]
    assert tails.missing == [relation for some in alone for relation in some.missing]
    assert tails.generated == [relation for some in alone for relation in some.generated]


@given(STORED, LOOKUPS)
@FEW
def test_without_filters_a_relation_is_missing_or_does_not_apply_or_has_triples(
    stored: list[Triple], lookup: Lookup
) -> None:
    tails = selected(stored, replace(lookup, min_p_valid=None, origins=()))
    with_triples = {one.relation for one in tails.triples}
    kinds = [*tails.missing, *tails.not_applicable, *with_triples]
    assert sorted(kinds) == sorted(lookup.relations)
    assert all(is_generated(one) == (one.relation in tails.generated) for one in tails.triples)
    assert all(one.tail != "none" for one in tails.triples)


@given(STORED, LOOKUPS)
@FEW
def test_a_limit_keeps_the_best_of_each_relation(stored: list[Triple], lookup: Lookup) -> None:
    limited, every = (selected(stored, replace(lookup, limit=limit)) for limit in (lookup.limit, 99))
    for relation in lookup.relations:
        few, all_of = ([one for one in tails.triples if one.relation is relation] for tails in (limited, every))
        assert few == sorted(all_of, key=sort_key(lookup.order))[: lookup.limit]
    assert replace(limited, triples=[]) == replace(every, triples=[])


@given(STORED, LOOKUPS)
@FEW
def test_generated_triples_do_not_exist_for_a_lookup_without_them(stored: list[Triple], lookup: Lookup) -> None:
    by_data = [one for one in stored if not is_generated(one)]
    unasked = replace(lookup, generated=False)
    assert selected(stored, unasked) == selected(by_data, unasked)


@given(STORED, LOOKUPS)
@FEW
def test_with_them_a_relation_has_those_of_data_sets_or_only_generated_ones(
    stored: list[Triple], lookup: Lookup
) -> None:
    asked = replace(lookup, generated=True)
    by_data = {one.relation for one in stored if not is_generated(one)}
    rest = [one for one in stored if not (is_generated(one) and one.relation in by_data)]
    tails = selected(stored, asked)
    assert tails == selected(rest, asked)
    only_students = {one.relation for one in rest if is_generated(one)}
    assert tails.generated == [relation for relation in lookup.relations if relation in only_students]


@given(STORED, LOOKUPS, st.sampled_from([0.0, 0.5, 1.0]))
@FEW
def test_the_least_p_valid_leaves_inferences_out_and_says_nothing_else(
    stored: list[Triple], lookup: Lookup, least: float
) -> None:
    every = selected(stored, replace(lookup, min_p_valid=None, limit=99))
    good = [one for one in every.triples if one.p_valid is not None and one.p_valid >= least]
    assert selected(stored, replace(lookup, min_p_valid=least, limit=99)) == replace(every, triples=good)


@given(STORED, LOOKUPS, st.sampled_from(["a", "b", "student:s"]))
@FEW
def test_an_origin_leaves_out_triples_of_the_others(stored: list[Triple], lookup: Lookup, origin: str) -> None:
    every, some = (selected(stored, replace(lookup, origins=o, limit=99)) for o in ((), (origin,)))
    assert some.triples == [one for one in every.triples if origin in one.origins]
    assert (some.missing, some.generated) == (every.missing, every.generated)


@pytest.mark.parametrize(
    ("origins", "tails", "not_applicable"),
    [((), ["to go"], []), (("a",), ["to go"], []), (("b",), [], [Relation.xWant]), (("c",), [], [])],
)
def test_a_none_counts_unless_an_inference_passes_the_origins(
    origins: tuple[str, ...], tails: list[str], not_applicable: list[Relation]
) -> None:
    stored = [triple(EVENT, "xWant", "to go", origins=("a",)), triple(EVENT, "xWant", "none", origins=("b",))]
    result = selected(stored, ask(EVENT, "xWant", origins=origins))
    assert ([one.tail for one in result.triples], result.not_applicable) == (tails, not_applicable)


@given(STORED, LOOKUPS)
@FEW
def test_the_none_of_another_relation_says_nothing(stored: list[Triple], lookup: Lookup) -> None:
    others = [triple(EVENT, "Causes", "none", origins=origins) for origins in (("a",), ("student:s",))]
    for other in others:
        assert selected([other, *stored], lookup) == selected(stored, lookup)
