"""Requests and responses of POST /cypher and GET /cypher/schema."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from schemas.openapi import ATTRIBUTE_DOCSTRINGS

JsonValue = Annotated[Any, WithJsonSchema({"description": "any JSON value"})]


class CypherQuestion(BaseModel):
    """A Cypher query."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: Annotated[
        str,
        Field(
            description="The query. It reads the graph, and ends in RETURN.",
            examples=["MATCH (e:Event)-[r:xWant]->(i) RETURN e.text, i.text LIMIT 5"],
        ),
    ]
    parameters: Annotated[
        dict[str, JsonValue],
        Field(
            default_factory=dict,
            description="The values of its $parameters, all of them.",
            examples=[{"event": "PersonX buys a car"}],
        ),
    ]
    limit: Annotated[
        int | None, Field(ge=1, description="Maximum number of rows. At most, and by default: the service's own.")
    ] = None


@dataclass(slots=True)
class CypherAnswer:
    """The result of a query."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    columns: list[str]
    """The names of the columns, as the query writes them."""
    rows: list[list[JsonValue]]
    """A node is an object with `label` and its properties, an edge one with `type`, `from`, `to` and its properties.
    A path is the list of both in turn."""
    truncated: bool
    """There are more rows, or a value is cut, by the limits of rows and bytes."""
    took_ms: float
    """Milliseconds of the whole query."""


@dataclass(frozen=True, slots=True)
class CypherExample:
    """A worked example."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    title: str
    query: str
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class EdgeType:
    """A type of edges."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    type: str
    source: str
    """Label of its first node."""
    target: str
    """Label of its second node."""
    phrase: str
    """Words between both in a sentence."""


@dataclass(frozen=True, slots=True)
class CypherSchema:
    """What a query may say."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    store: str
    """embedded or neo4j: the dialect."""
    labels: dict[str, list[str]]
    """The labels of nodes, with their properties."""
    edges: list[EdgeType]
    properties: list[str]
    """The properties of edges that are triples."""
    link_properties: list[str]
    """The properties of the edges AS_EVENT."""
    clauses: list[str]
    functions: list[str]
    procedures: list[str]
    limits: dict[str, float]
    examples: list[CypherExample]
