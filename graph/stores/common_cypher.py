"""Cypher for both stores. Their graphs have the same shape:

- `(:Event {text})-[:xIntent {p_valid, split, origins, …}]->(:Inference {text})`: a triple.
- `(:Event)-[:NOT_APPLICABLE {p_valid, …}]->(:Relation {name})`: a relation without meaning for the event.
- `(:Inference)-[:AS_EVENT {confidence, rule, reading}]->(:Event)`: the event that an inference is.
"""

from graph.tables.columns import PROPERTIES
from graph.tables.edges import NOT_APPLICABLE
from schemas.triples import STUDENT

PROPERTY_NAMES: list[str] = [field.name for field in PROPERTIES]
EDGE_PROPERTIES = ", ".join(f"r.{name}" for name in PROPERTY_NAMES)
STORED_RELATIONS = "MATCH (k:Relation) RETURN k.name, k.phrase, k.grp, k.whose"


def from_data(edge: str) -> str:
    """Condition: an edge has the origin of a data set. Ladybug takes no parameter inside `any`."""
    return f"any(name IN {edge}.origins WHERE NOT name STARTS WITH '{STUDENT}')"


FROM_DATA = from_data("r")


def count_nodes(label: str) -> str:
    """Query for the number of nodes with a label."""
    return f"MATCH (n:{label}) RETURN count(n)"


def count_edges(name: str) -> str:
    """Query for the number of edges of a type."""
    return f"MATCH ()-[r:`{name}`]->() RETURN count(r)"


def count_nones(name: str) -> str:
    """Query for the number of edges with the tail `none` of a relation."""
    return f"MATCH ()-[r:{NOT_APPLICABLE}]->(:Relation {{name: '{name}'}}) RETURN count(r)"
