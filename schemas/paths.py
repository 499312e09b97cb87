"""Requests and responses of GET /expand and GET /paths: walks through the graph."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.events import LETTER, MAX_EVENT, MAX_TAIL
from schemas.infer import Match, Source, as_list, once
from schemas.models import Critic
from schemas.openapi import ATTRIBUTE_DOCSTRINGS
from schemas.relations import RELATIONS, Relation
from schemas.triples import View

MAX_STEPS = 6
"""Most steps of a path."""
MAX_WIDTH = 50
MAX_PATHS = 50
MAX_BUDGET = 256
Direction = Literal["forward", "backward"]
NodeKind = Literal["event", "inference"]


class WalkQuestion(BaseModel):
    """The options of a walk."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    as_is: Annotated[bool, Field(description="Take the texts word for word, without normalization.")] = False
    relation: Annotated[
        tuple[Relation, ...],
        BeforeValidator(as_list),
        AfterValidator(once),
        Field(max_length=len(RELATIONS), description="Relations to follow. Empty: all.", examples=[["xEffect"]]),
    ] = ()
    pattern: Annotated[
        str | None,
        Field(
            max_length=500,
            description="The relations along a path: `xEffect>xReact`, `(xWant|xEffect){1,3}`. In place of `relation`.",
            examples=["xEffect>xReact"],
        ),
    ] = None
    min_p_valid: Annotated[
        float | None,
        Field(ge=0, le=1, allow_inf_nan=False, description="Minimum score of a triple. It drops those without one."),
    ] = None
    min_link: Annotated[
        float, Field(ge=0, le=1, allow_inf_nan=False, description="Minimum confidence of a link to follow.")
    ] = 0.0
    generated: Annotated[
        bool, Field(description="Include generated triples, and events with generated triples only.")
    ] = False
    generate: Annotated[
        bool, Field(description="Go on with the student where the graph ends. Includes `generated`.")
    ] = False
    budget: Annotated[
        int,
        Field(ge=1, le=MAX_BUDGET, description="With `generate`: maximum number of (event, relation) pairs to write."),
    ] = 36
    keep: Annotated[bool | None, Field(description="With `generate`: store the generated triples, as for /infer.")] = (
        None
    )


class ExpandQuestion(WalkQuestion):
    """An event, and how far to walk from it."""

    event: Annotated[
        str,
        Field(
            max_length=MAX_EVENT,
            pattern=LETTER,
            description="The event to begin with. Backward also a tail.",
            examples=["PersonX buys a car"],
        ),
    ]
    depth: Annotated[
        int | None,
        Field(ge=1, le=MAX_STEPS, description="Maximum number of steps. Unset: 2, or the length of the pattern."),
    ] = None
    width: Annotated[int, Field(ge=1, le=MAX_WIDTH, description="Maximum number of steps from each event.")] = 5
    direction: Annotated[
        Direction,
        Field(
            description="From heads to tails (`forward`), or to the heads of which an event is the tail (`backward`). "
            "A pattern begins at the event."
        ),
    ] = "forward"
    render: Annotated[View | None, Field(description="Add English sentences, as for /infer.")] = None


class PathsQuestion(WalkQuestion):
    """The two ends of paths."""

    start: Annotated[
        str,
        Field(
            alias="from",
            max_length=MAX_EVENT,
            pattern=LETTER,
            description="The event to begin with.",
            examples=["PersonX buys a car"],
        ),
    ]
    goal: Annotated[
        str,
        Field(
            alias="to",
            max_length=MAX_TAIL,
            pattern=LETTER,
            description='The event or the tail to reach, such as "gets fired".',
            examples=["gets a parking ticket"],
        ),
    ]
    k: Annotated[int, Field(ge=1, le=MAX_PATHS, description="Maximum number of paths.")] = 5
    length: Annotated[int, Field(ge=1, le=MAX_STEPS, description="Maximum number of steps.")] = 4
    render: Annotated[View, Field(description="Grammatical person of the sentences, as for /infer.")] = "third"


@dataclass(frozen=True, slots=True)
class PathLink:
    """The event that a tail is."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    event: str
    confidence: float
    """Probability that the tail is this event."""
    rule: str | None
    """The rule of the link. Null for an event that the graph does not know."""


@dataclass(frozen=True, slots=True)
class ExpansionNode:
    """An event, or a tail that is none."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    id: int
    """Its place in the list, from 0."""
    text: str
    kind: NodeKind
    depth: int
    """Number of steps from the first node."""
    roles: dict[str, str]
    """The persons of the event, each as the person of the first event."""


@dataclass(frozen=True, slots=True)
class ExpansionEdge:
    """A triple, and the node that its tail is."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    head: int
    """Id of the node of its head."""
    relation: Relation
    tail: str
    target: int
    """Id of the node of its tail."""
    p_valid: float | None
    """The critic's probability of a valid triple. Null without a score."""
    link: PathLink | None
    """Null if the tail is a node itself."""
    source: Source
    """`graph` for triples of data sets, else `generated`."""
    stored: bool
    """True if it was in the graph before this question."""
    sentence: str | None = None
    """Head and tail as English, with `render`."""


@dataclass(slots=True)
class Expansion:
    """The neighborhood of an event."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    asked: str
    """The event as it came."""
    event: str
    """Its canonical form, or the tail."""
    roles: dict[str, str]
    """The persons of the event, each with its words in the text."""
    match: Match | None
    """The near-duplicate that stands for the event. Null if the graph has the event."""
    nodes: list[ExpansionNode]
    edges: list[ExpansionEdge]
    truncated: bool = False
    """True if a limit of the service or the budget ended the walk."""
    generated: int = 0
    """Number of (event, relation) pairs that the student wrote for this question."""
    critic: Critic | None = None
    """The critic of generated triples."""
    degraded: list[str] = field(default_factory=list[str])
    """Skipped steps, each with its reason."""
    took_ms: float = 0.0
    """Duration, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A step of a path."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    event: str
    relation: Relation
    tail: str
    p_valid: float | None
    """The critic's probability of a valid triple. Null without a score."""
    link: PathLink | None
    """The next event. Null after the last hop of a path to a tail."""
    roles: dict[str, str]
    """The persons of the event, each as the person of the first event."""
    source: Source
    """`graph` for triples of data sets, else `generated`."""
    stored: bool
    """True if it was in the graph before this question."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    score: float
    """Geometric mean of its triples' probabilities times those of its links."""
    hops: list[Hop]
    sentence: str


@dataclass(slots=True)
class Paths:
    """The best paths between two ends, best first."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    event: str
    """The event of the start."""
    match: Match | None
    """The near-duplicate that stands for it. Null if the graph has the event."""
    goal: str
    """The event or the tail to reach."""
    paths: list[Path]
    explored: int
    """Number of triples between which the paths were searched."""
    truncated: bool = False
    """True if a limit of the service or the budget ended the search."""
    generated: int = 0
    """Number of (event, relation) pairs that the student wrote for this question."""
    critic: Critic | None = None
    """The critic of generated triples."""
    degraded: list[str] = field(default_factory=list[str])
    """Skipped steps, each with its reason."""
    took_ms: float = 0.0
    """Duration, in milliseconds."""
