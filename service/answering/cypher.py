"""POST /cypher and GET /cypher/schema: strangers' queries, and what they may say."""

import time
from dataclasses import asdict

from graph.links import LINK_PROPERTIES
from graph.query.examples import EXAMPLES
from graph.query.functions import PROCEDURES, function_names
from graph.query.request import Rows
from graph.query.walk import ALLOWED_CLAUSES
from graph.stores.common_cypher import PROPERTY_NAMES
from graph.tables.edges import AS_EVENT, NOT_APPLICABLE
from schemas.cypher import CypherQuestion, CypherSchema, EdgeType
from schemas.errors import NoCypher
from schemas.relations import RELATIONS
from service.runtime.resources import Resources

_LABELS = {"Event": ["text"], "Inference": ["text"], "Relation": ["name", "phrase", "grp", "whose"]}


async def answer(question: CypherQuestion, resources: Resources) -> tuple[Rows, float]:
    """The rows of a query, and its milliseconds.

    Raises BadInput, BadQuery, QueryEnded, Overloaded, StoreUnavailable, NoCypher.
    """
    if resources.queries is None:
        raise NoCypher
    started = time.perf_counter()
    found = await resources.store.query(question.query, question.parameters, question.limit)
    return found, round((time.perf_counter() - started) * 1000, 3)


def schema(resources: Resources) -> CypherSchema:
    """What a query may say on this store. Raises NoCypher."""
    if resources.queries is None:
        raise NoCypher
    kind = resources.store.kind
    limits = {name: value for name, value in asdict(resources.queries).items() if name != "ahead"}
    return CypherSchema(
        store=kind,
        labels=_LABELS,
        edges=[
            *(EdgeType(info.name.value, "Event", "Inference", info.phrase) for info in RELATIONS.values()),
            EdgeType(NOT_APPLICABLE, "Event", "Relation", "does not have"),
            EdgeType(AS_EVENT, "Inference", "Event", "is the event"),
        ],
        properties=PROPERTY_NAMES,
        link_properties=LINK_PROPERTIES,
        clauses=[*ALLOWED_CLAUSES.split(", "), *(["CALL"] if kind == "neo4j" else [])],
        functions=function_names(kind),
        procedures=["db.index.fulltext.queryNodes"] if PROCEDURES[kind] else [],
        limits=limits,
        examples=EXAMPLES,
    )
