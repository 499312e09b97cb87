"""Steps of walks through the embedded graph, by prepared queries."""

from typing import Any

from graph.links.step import MOST_STEPS, READING_OF, Step, StepSearch, place, step_of
from graph.stores.embedded.cypher import BEST_EVENT_STEPS, BEST_TAIL_STEPS, FIRST_STEPS
from graph.stores.embedded.fulltext import TextIndex
from graph.stores.embedded.lookup import PreparedQueries
from schemas.relations import Relation


def steps_of(queries: PreparedQueries, index: TextIndex, search: StepSearch) -> list[Step]:
    """The steps of a search, sorted by their texts."""
    found = _backward(queries, search) if search.backward else _forward(queries, search)
    if not search.generated:
        known = index.generated(sorted({step.event for step in found if step.event is not None}))
        found = _without_links(found, {event for event, is_generated in known.items() if is_generated})
    if not (search.leaves or search.backward):
        found = [step for step in found if step.event is not None]
    return sorted(found, key=place)


def _forward(queries: PreparedQueries, search: StepSearch) -> list[Step]:
    relations = {relation.value: relation for relation in search.relations}
    of_relations, found = queries.of_relations, list[Step]()
    for head in search.events:
        linked: dict[tuple[str, str], Step] = {}
        for name, tail, p, log_prob, origins, *link, reading in queries.rows(of_relations.linked_steps, event=head):
            relation = relations.get(name)
            if relation is not None and READING_OF[relation] == reading and link[1] >= search.min_link:
                linked[name, tail] = step_of(head, relation, tail, p, log_prob, origins, *link)
        steps = list(linked.values())
        if search.leaves:
            steps = [
                linked.get((name, tail)) or step_of(head, relations[name], tail, p, log_prob, origins)
                for name, tail, p, log_prob, origins in queries.rows(of_relations.steps, event=head)
                if name in relations
            ]
        found += [step for step in steps if _is_shown(step, search)]
    return found


def _backward(queries: PreparedQueries, search: StepSearch) -> list[Step]:
    of_relations, found = queries.of_relations, list[Step]()
    minimum = -1.0 if search.min_p_valid is None else search.min_p_valid
    common = {"min_p_valid": minimum, "generated": search.generated}
    of_link = {"min_link": search.min_link, "of_x": search.linked(other=False), "of_others": search.linked(other=True)}
    of_link |= common
    for event in search.events:
        rows = _best(queries, of_relations.steps_to_event, BEST_EVENT_STEPS, text=event, **of_link)
        for head, name, tail, p, log_prob, origins, confidence, rule in rows:
            found.append(step_of(head, Relation(name), tail, p, log_prob, origins, event, confidence, rule))
    names = [relation.value for relation in search.relations]
    for text in search.tails:
        of_tail = common | {"text": text, "relations": names}
        for head, name, tail, p, log_prob, origins in _best(
            queries, of_relations.steps_to_tail, BEST_TAIL_STEPS, **of_tail
        ):
            found.append(step_of(head, Relation(name), tail, p, log_prob, origins))
    return found


def _best(queries: PreparedQueries, query: str, order: str, **parameters: Any) -> list[list[Any]]:
    """The rows of a query, the best MOST_STEPS if they are more."""
    rows = queries.rows(query + FIRST_STEPS, **parameters)
    return rows if len(rows) <= MOST_STEPS else queries.rows(query + order, **parameters)


def _is_shown(step: Step, search: StepSearch) -> bool:
    if step.is_generated and not search.generated:
        return False
    return search.min_p_valid is None or (step.p_valid is not None and step.p_valid >= search.min_p_valid)


def _without_links(steps: list[Step], hidden: set[str]) -> list[Step]:
    """The steps without their links to some events."""
    return [
        step
        if step.event not in hidden
        else Step(step.head, step.relation, step.tail, step.p_valid, step.log_prob, step.is_generated)
        for step in steps
    ]
