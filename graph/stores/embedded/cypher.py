"""The Cypher queries of the embedded store (ladybug). Relation names come from the enum, texts are parameters."""

from graph.stores.common_cypher import EDGE_PROPERTIES, FROM_DATA, PROPERTY_NAMES
from graph.tables.columns import RELATION_NAMES
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
    *(f"CREATE REL TABLE {name}(FROM Event TO Inference, {_COLUMNS})" for name in RELATION_NAMES),
    f"CREATE REL TABLE {NOT_APPLICABLE}(FROM Event TO Relation, {_COLUMNS})",
    f"CREATE REL TABLE {AS_EVENT}(FROM Inference TO Event)",
]
RELATION = "CREATE (:Relation {name: $name, phrase: $phrase, grp: $grp, whose: $whose})"
TAILS: dict[Relation, str] = {
    relation: f"MATCH (e:Event {{text: $event}})-[r:{relation.value}]->(i:Inference) RETURN i.text, {EDGE_PROPERTIES}"
    for relation in RELATIONS
}
ALL_TAILS = (
    "MATCH (e:Event {text: $event})-[r:" + "|".join(RELATION_NAMES) + f"]->(i:Inference) "
    f"RETURN label(r), i.text, {EDGE_PROPERTIES}"
)
STORED_RELATIONS = "MATCH (k:Relation) RETURN k.name"
NONES = f"MATCH (e:Event {{text: $event}})-[r:{NOT_APPLICABLE}]->(k:Relation) RETURN k.name, {EDGE_PROPERTIES}"
_EDGE = "-[r:" + "|".join([*RELATION_NAMES, NOT_APPLICABLE]) + "]->()"
_EDGES_OF = "MATCH (:Event {text: $event})" + _EDGE
HAS_EDGE = f"{_EDGES_OF} RETURN true LIMIT 1"
HAS_DATA = f"{_EDGES_OF} WHERE {FROM_DATA} RETURN true LIMIT 1"
EVENT = "MATCH (e:Event {text: $text}) RETURN e.text"
INFERENCE = "MATCH (i:Inference {text: $text}) RETURN i.text"
EVENTS = "MATCH (e:Event) RETURN e.text AS text"
EVENTS_WITH_EDGES = f"MATCH (e:Event){_EDGE} RETURN DISTINCT e.text AS text"
EVENTS_WITH_DATA = f"MATCH (e:Event){_EDGE} WHERE {FROM_DATA} RETURN DISTINCT e.text AS text"
ADD_EVENT = "MERGE (:Event {text: $text})"
ADD_INFERENCE = "MERGE (:Inference {text: $text})"
ADD_AS_EVENT = f"MATCH (i:Inference {{text: $inference}}), (e:Event {{text: $event}}) MERGE (i)-[:{AS_EVENT}]->(e)"


def edge(relation: str | None, *, create: bool) -> str:
    """Create an edge from $head to $tail, or set its properties. Relation None: the edge NOT_APPLICABLE."""
    target = "(t:Relation {name: $tail})" if relation is None else "(t:Inference {text: $tail})"
    name = NOT_APPLICABLE if relation is None else relation
    if create:
        properties = ", ".join(f"{p}: ${p}" for p in PROPERTY_NAMES)
        return f"MATCH (e:Event {{text: $head}}), {target} CREATE (e)-[:{name} {{{properties}}}]->(t)"
    properties = ", ".join(f"r.{p} = ${p}" for p in PROPERTY_NAMES)
    return f"MATCH (e:Event {{text: $head}})-[r:{name}]->{target} SET {properties}"


def add_critic(table: str) -> str:
    """Bring an edge table of version 2 up to date. It changes nothing the second time."""
    return f"ALTER TABLE `{table}` ADD IF NOT EXISTS critic {_TYPES['critic']}"


def set_score(relation: str) -> str:
    """Set p_valid and critic of an edge, unless they have changed from $old_p_valid and $old_critic. -1, "": null."""
    return (
        f"MATCH (:Event {{text: $head}})-[r:`{relation}`]->(:Inference {{text: $tail}}) "
        "WHERE coalesce(r.p_valid, -1.0) = $old_p_valid AND coalesce(r.critic, '') = $old_critic "
        "SET r.p_valid = $p_valid, r.critic = $critic RETURN 1"
    )


def copy(table: str) -> str:
    """Bulk insert of the Arrow table $rows."""
    return f"COPY {table} FROM $rows"


def scan(relation: str | None) -> str:
    """All edges of a relation. None: the edges NOT_APPLICABLE."""
    name, target, key = (NOT_APPLICABLE, "Relation", "name") if relation is None else (relation, "Inference", "text")
    properties = ", ".join(f"r.{p} AS {p}" for p in PROPERTY_NAMES)
    return f"MATCH (e:Event)-[r:{name}]->(t:{target}) RETURN e.text AS head, t.{key} AS tail, {properties}"
