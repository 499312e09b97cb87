"""The Cypher queries of the embedded store (ladybug). Relation names come from the enum, texts are parameters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graph.links.step import MOST_STEPS, UNSCORED
from graph.stores.common_cypher import EDGE_PROPERTIES, FROM_DATA, PROPERTY_NAMES
from graph.tables.edges import AS_EVENT, NOT_APPLICABLE
from schemas.relations import RELATIONS, Relation

_TYPES = {
    "p_valid": "DOUBLE",
    "split": "STRING",
    "valid": "INT8",
    "log_prob": "DOUBLE",
    "origins": "STRING[]",
    "critic": "STRING",
}
_COLUMNS = ", ".join(f"{name} {_TYPES.get(name, 'BOOL')}" for name in PROPERTY_NAMES)
SCHEMA: list[str] = [
    "CREATE NODE TABLE Event(text STRING PRIMARY KEY)",
    "CREATE NODE TABLE Inference(text STRING PRIMARY KEY)",
    "CREATE NODE TABLE Relation(name STRING PRIMARY KEY, phrase STRING, grp STRING, whose STRING)",
    f"CREATE REL TABLE {NOT_APPLICABLE}(FROM Event TO Relation, {_COLUMNS})",
    f"CREATE REL TABLE {AS_EVENT}(FROM Inference TO Event, confidence DOUBLE, rule STRING, reading STRING)",
]
SET_RELATION = "MERGE (k:Relation {name: $name}) SET k.phrase = $phrase, k.grp = $grp, k.whose = $whose"
NONES = f"MATCH (e:Event {{text: $event}})-[r:{NOT_APPLICABLE}]->(k:Relation) RETURN k.name, {EDGE_PROPERTIES}"
EVENT = "MATCH (e:Event {text: $text}) RETURN e.text"
INFERENCE = "MATCH (i:Inference {text: $text}) RETURN i.text"
EVENTS = "MATCH (e:Event) RETURN e.text AS text"
ADD_EVENT = "MERGE (:Event {text: $text})"
ADD_INFERENCE = "MERGE (:Inference {text: $text})"
ADD_AS_EVENT = (
    "MATCH (i:Inference {text: $inference}), (e:Event {text: $event}) "
    f"CREATE (i)-[:{AS_EVENT} {{confidence: $confidence, rule: $rule, reading: $reading}}]->(e)"
)
REMOVE_AS_EVENT = (
    f"MATCH (:Inference {{text: $inference}})-[r:{AS_EVENT}]->(:Event) WHERE r.reading = $reading DELETE r"
)
REMOVE_LINK = (
    f"MATCH (:Inference {{text: $inference}})-[r:{AS_EVENT}]->(:Event {{text: $event}}) "
    "WHERE coalesce(r.reading, '') = $reading DELETE r"
)
LINKS = f"MATCH (i:Inference)-[r:{AS_EVENT}]->(e:Event) RETURN i.text, e.text, r.confidence, r.rule, r.reading"
_STEP = "label(r), i.text, r.p_valid, r.log_prob, r.origins"
_SHOWN = f"coalesce(r.p_valid, -1.0) >= $min_p_valid AND ($generated OR {FROM_DATA})"
# The limits are literals: a parameter takes ladybug 3 ms. An order takes it 0.6 ms, so it is for a longer result alone.
FIRST_STEPS = f" LIMIT {MOST_STEPS + 1}"
"""The end of `steps_to_event` and `steps_to_tail`."""
BEST_EVENT_STEPS = (
    f" ORDER BY coalesce(r.p_valid, {UNSCORED}) * l.confidence DESC, h.text, label(r), i.text LIMIT {MOST_STEPS}"
)
BEST_TAIL_STEPS = f" ORDER BY coalesce(r.p_valid, {UNSCORED}) DESC, h.text, label(r), i.text LIMIT {MOST_STEPS}"


def relation_table(name: str) -> str:
    """Create the table of a relation."""
    return f"CREATE REL TABLE IF NOT EXISTS `{name}`(FROM Event TO Inference, {_COLUMNS})"


def _any_of(names: Iterable[str]) -> str:
    return "|".join(f"`{name}`" for name in names)


@dataclass(frozen=True, slots=True)
class RelationQueries:
    """The queries over the relations of a graph file: ladybug refuses a query with the name of a missing table.

    tails: the tails of an event, for each described relation with a table.
    all_tails: the tails of an event, of all these relations.
    has_edge, has_data: has the event an edge, or one of a data set?
    events_with_edges, events_with_data: all such events. These four include relations without a description.
    steps: the tails of an event, as steps of a walk.
    linked_steps: those with an event.
    steps_to_event, steps_to_tail: the steps to an event or a tail, without their limit.
    """

    tails: dict[Relation, str]
    all_tails: str
    has_edge: str
    has_data: str
    events_with_edges: str
    events_with_data: str
    steps: str
    linked_steps: str
    steps_to_event: str
    steps_to_tail: str


def relation_queries(stored: Sequence[str]) -> RelationQueries:
    """The queries of a file with the tables of these relations."""
    edge = f"-[r:{_any_of([*stored, NOT_APPLICABLE])}]->()"
    of_event = f"MATCH (:Event {{text: $event}}){edge}"
    described = [relation for relation in RELATIONS if relation in stored]
    names = _any_of(described)
    return RelationQueries(
        tails={relation: _tails([relation], "") for relation in described},
        all_tails=_tails(described, "label(r), "),
        has_edge=f"{of_event} RETURN true LIMIT 1",
        has_data=f"{of_event} WHERE {FROM_DATA} RETURN true LIMIT 1",
        events_with_edges=f"MATCH (e:Event){edge} RETURN DISTINCT e.text AS text",
        events_with_data=f"MATCH (e:Event){edge} WHERE {FROM_DATA} RETURN DISTINCT e.text AS text",
        steps=f"MATCH (e:Event {{text: $event}})-[r:{names}]->(i:Inference) RETURN {_STEP}",
        linked_steps=(
            f"MATCH (e:Event {{text: $event}})-[r:{names}]->(i:Inference)-[l:{AS_EVENT}]->(t:Event) "
            f"RETURN {_STEP}, t.text, l.confidence, l.rule, l.reading"
        ),
        steps_to_event=(
            f"MATCH (:Event {{text: $text}})<-[l:{AS_EVENT}]-(i:Inference)<-[r:{names}]-(h:Event) "
            f"WHERE {_SHOWN} AND l.confidence >= $min_link "
            "AND ((l.reading = 'X' AND label(r) IN $of_x) OR (l.reading = 'other' AND label(r) IN $of_others)) "
            f"RETURN h.text, {_STEP}, l.confidence, l.rule"
        ),
        steps_to_tail=(
            f"MATCH (i:Inference {{text: $text}})<-[r:{names}]-(h:Event) "
            f"WHERE {_SHOWN} AND label(r) IN $relations RETURN h.text, {_STEP}"
        ),
    )


def _tails(relations: Iterable[str], first: str) -> str:
    return (
        f"MATCH (e:Event {{text: $event}})-[r:{_any_of(relations)}]->(i:Inference) "
        f"RETURN {first}i.text, {EDGE_PROPERTIES}"
    )


def edge(relation: str | None, *, create: bool) -> str:
    """Create an edge from $head to $tail, or set its properties. Relation None: the edge NOT_APPLICABLE."""
    target = "(t:Relation {name: $tail})" if relation is None else "(t:Inference {text: $tail})"
    name = NOT_APPLICABLE if relation is None else relation
    if create:
        properties = ", ".join(f"{p}: ${p}" for p in PROPERTY_NAMES)
        return f"MATCH (e:Event {{text: $head}}), {target} CREATE (e)-[:`{name}` {{{properties}}}]->(t)"
    properties = ", ".join(f"r.{p} = ${p}" for p in PROPERTY_NAMES)
    return f"MATCH (e:Event {{text: $head}})-[r:`{name}`]->{target} SET {properties}"


def add_critic(table: str) -> str:
    """Bring an edge table of version 2 up to date. It changes nothing the second time."""
    return f"ALTER TABLE `{table}` ADD IF NOT EXISTS critic {_TYPES['critic']}"


ADD_LINK_PROPERTIES = [
    f"ALTER TABLE {AS_EVENT} ADD IF NOT EXISTS {column}"
    for column in ("confidence DOUBLE", "rule STRING", "reading STRING")
]
"""Bring the links of version 3 up to date."""


def distinct_tails(relation: str) -> str:
    """The tails of a relation, each once."""
    return f"MATCH (:Event)-[:`{relation}`]->(i:Inference) RETURN DISTINCT i.text AS text"


def is_tail_of(relations: Iterable[str]) -> str:
    """A row if $text is a tail of one of the relations."""
    return f"MATCH (:Inference {{text: $text}})<-[:{_any_of(relations)}]-(:Event) RETURN 1 LIMIT 1"


def set_score(relation: str) -> str:
    """Set p_valid and critic of an edge, unless they have changed from $old_p_valid and $old_critic. -1, "": null."""
    return (
        f"MATCH (:Event {{text: $head}})-[r:`{relation}`]->(:Inference {{text: $tail}}) "
        "WHERE coalesce(r.p_valid, -1.0) = $old_p_valid AND coalesce(r.critic, '') = $old_critic "
        "SET r.p_valid = $p_valid, r.critic = $critic RETURN 1"
    )


def copy(table: str) -> str:
    """Bulk insert of the Arrow table $rows."""
    return f"COPY `{table}` FROM $rows"


def scan(relation: str | None) -> str:
    """All edges of a relation. None: the edges NOT_APPLICABLE."""
    name, target, key = (NOT_APPLICABLE, "Relation", "name") if relation is None else (relation, "Inference", "text")
    properties = ", ".join(f"r.{p} AS {p}" for p in PROPERTY_NAMES)
    return f"MATCH (e:Event)-[r:`{name}`]->(t:{target}) RETURN e.text AS head, t.{key} AS tail, {properties}"
