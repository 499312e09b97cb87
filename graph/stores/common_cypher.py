"""Cypher that both stores understand, and what their queries share.

The shape is the same in both stores: `(:Event {text})-[:xIntent {p_valid, split, origins, …}]->(:Inference {text})`,
`(:Event)-[:NOT_APPLICABLE {relation, …}]->(:Relation {name})` where annotators say that a relation does not apply, and
`(:Inference)-[:AS_EVENT]->(:Event)` where an inference, read on its own, is a stored event.
"""

from graph.tables.columns import PROPERTIES
from schemas.triples import STUDENT

PROPERTY_NAMES: list[str] = [field.name for field in PROPERTIES]
EDGE_PROPERTIES = ", ".join(f"r.{name}" for name in PROPERTY_NAMES)
SAID_BY_DATA = f"any(name IN r.origins WHERE NOT name STARTS WITH '{STUDENT}')"
"""Of an edge: not only students say so. The prefix stands in it, as ladybug takes no parameter inside `any`."""


def count_nodes(label: str) -> str:
    """How many nodes have a label."""
    return f"MATCH (n:{label}) RETURN count(n)"


def count_edges(name: str) -> str:
    """How many edges have a type."""
    return f"MATCH ()-[r:{name}]->() RETURN count(r)"
