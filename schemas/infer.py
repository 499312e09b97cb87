"""Request and response of /infer and /infer/batch. The command line and the client use them too."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.events import LETTER, MAX_EVENT
from schemas.models import Critic, DecodingInfo, Model
from schemas.openapi import ATTRIBUTE_DOCSTRINGS, SchemaOf
from schemas.problem import Problem
from schemas.relations import RELATIONS, Relation
from schemas.triples import Order, View

Mode = Literal["auto", "graph", "near_duplicate", "generate"]
Source = Literal["graph", "near_duplicate", "generated"]
DecodingName = Literal["paper", "fast", "beam5", "greedy", "beam", "sample"]
MAX_QUESTIONS = 1000
"""Most questions of a batch."""
MAX_LIMIT = 1000
MAX_N = 50
MAX_NEW_TOKENS = 64
MAX_SEED = 2**32 - 1


def as_list(value: Any) -> Any:
    """A single name as a list of one."""
    return [value] if isinstance(value, str) else value


def once(names: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each name once."""
    return tuple(dict.fromkeys(names))


class Question(BaseModel):
    """An event, and the options of its answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Annotated[
        str,
        Field(
            max_length=MAX_EVENT,
            pattern=LETTER,
            description="The event, as stored or in one's own words: a text with at least one letter or digit.",
            examples=["PersonX buys a car"],
        ),
    ]
    as_is: Annotated[bool, Field(description="Take the event word for word, without normalization.")] = False
    clause: Annotated[
        int | None,
        Field(ge=0, le=20, description="Number of the clause to answer, from 0. Unset: the main clause."),
    ] = None
    relation: Annotated[
        tuple[Relation, ...],
        BeforeValidator(as_list),
        AfterValidator(once),
        Field(max_length=len(RELATIONS), description="Relations to answer. Empty: all.", examples=[["xIntent"]]),
    ] = ()
    limit: Annotated[
        int, Field(ge=1, le=MAX_LIMIT, description="Maximum number of inferences per relation.", examples=[5])
    ] = 10
    mode: Annotated[
        Mode,
        Field(
            description="Sources of the answer: all in turn until one answers (`auto`); the event in the graph, "
            "without generated triples (`graph`); a stored event of the same meaning (`near_duplicate`); the student, "
            "even for relations with stored triples (`generate`)."
        ),
    ] = "auto"
    min_p_valid: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="Minimum score of the critic. Inferences without a score are left out.",
        ),
    ] = None
    order: Annotated[
        Order,
        Field(
            description="Order of the inferences of a relation: stored scores, then the student's probability "
            "(`default`), or the critic's score, also of generated inferences (`p_valid`). Without a score: last."
        ),
    ] = "default"
    origin: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=100)], ...],
        BeforeValidator(as_list),
        AfterValidator(once),
        Field(max_length=20, description="Only inferences of these data sets or models."),
    ] = ()
    threshold: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="Minimum confidence of a near-duplicate. Unset: the judge's own threshold.",
        ),
    ] = None
    decoding: Annotated[
        DecodingName | None,
        Field(
            description="Preset (`paper`: 10 samples with top_p 0.9; `fast`: greedy; `beam5`) or method "
            "(`greedy`, `beam`, `sample`). Unset: the service's setting."
        ),
    ] = None
    n: Annotated[int | None, Field(ge=1, le=MAX_N, description="Number of tails to generate per relation.")] = None
    temperature: Annotated[
        float | None,
        Field(
            ge=0.05,
            le=5,
            allow_inf_nan=False,
            description="Sampling temperature. Higher: more varied tails.",
        ),
    ] = None
    top_p: Annotated[
        float | None,
        Field(gt=0, le=1, allow_inf_nan=False, description="Probability mass for nucleus sampling."),
    ] = None
    max_new_tokens: Annotated[
        int | None,
        Field(
            ge=1,
            le=MAX_NEW_TOKENS,
            description="Maximum length of a tail, in tokens, with the end token.",
        ),
    ] = None
    seed: Annotated[
        int | None,
        Field(ge=0, le=MAX_SEED, description="Seed of sampling. The same seed gives the same tails. Unset: random."),
    ] = None
    explain: Annotated[
        bool,
        Field(description="Add the near-duplicate candidates and the student's prompts to the answer."),
    ] = False
    keep: Annotated[
        bool | None,
        Field(
            description="Store the generated triples, with the scope `write`. False: keep no trace of the question. "
            "Unset: the service's setting, if the caller has the scope."
        ),
    ] = None
    generated: Annotated[
        bool,
        Field(
            description="Include generated triples, and events with generated triples only, in matching and answers."
        ),
    ] = False
    render: Annotated[
        View | None,
        Field(
            description="Add English sentences, with the names of the text: in the third person (`third`), or with "
            "PersonX as the speaker (`first`)."
        ),
    ] = None


class InferBatchRequest(BaseModel):
    """A batch of questions."""

    model_config = ConfigDict(extra="forbid")

    questions: Annotated[
        list[Annotated[Any, SchemaOf(Question)]],
        Field(
            min_length=1,
            max_length=MAX_QUESTIONS,
            description="Objects with the fields of GET /infer. An invalid one gets a problem in its place.",
            examples=[[{"event": "PersonX buys a car", "relation": ["xIntent", "xNeed"], "limit": 3}]],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Match:
    """The stored event behind an answer."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    event: str
    similarity: float
    """Cosine of the vectors of both events. 1.0 for the same text."""
    confidence: float
    """The judge's probability of the same meaning."""
    roles: dict[str, str]
    """The persons of the stored event, each with its person in the asked event."""


@dataclass(frozen=True, slots=True)
class MatchCandidate:
    """A stored event with the judge's verdict."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    event: str
    similarity: float
    """Cosine of the vectors of both events."""
    confidence: float
    """The judge's probability of the same meaning."""
    same: bool
    """The verdict."""
    reason: str
    """The rule or model behind the verdict."""


@dataclass(slots=True)
class Inference:
    """One inference of an event."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    relation: Relation
    tail: str
    p_valid: float | None
    """The critic's probability of a valid triple. Null without a score."""
    critic: str | None
    """NAME@VERSION of the critic behind p_valid. Null without a score, and for one that came with a data set."""
    log_prob: float | None
    """Natural logarithm of the tail's probability under the student. Null without a student."""
    rank: int
    """Position among the inferences of its relation, from 1."""
    source: Source
    """The source of this inference."""
    stored: bool
    """True if it was in the graph before this question."""
    generated: bool
    """True if its only origins are students."""
    origins: tuple[str, ...]
    """Names of its data sets and models."""
    split: str | None
    """Its split in the data set."""
    sentence: str | None = None
    """The event and this inference as English, with `render`."""


@dataclass(slots=True)
class Answer:
    """The answer to a question."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    asked: str
    """The event as it came."""
    event: str
    """Its canonical form."""
    roles: dict[str, str]
    """The persons of the event, each with its words in the text."""
    clauses: list[str]
    """Events of all clauses, for a text with several."""
    source: Source
    """The last source in turn with a part in this answer."""
    stored: bool
    """True if the whole answer was in the graph before this question."""
    match: Match | None
    """The near-duplicate behind the answer."""
    inferences: list[Inference]
    not_applicable: list[Relation] = field(default_factory=list[Relation])
    """Relations without meaning for this event."""
    degraded: list[str] = field(default_factory=list[str])
    """Skipped sources and steps, each with its reason."""
    model: Model | None = None
    """The student, if it generated a part of this answer."""
    decoding: DecodingInfo | None = None
    """Its decoding."""
    critic: Critic | None = None
    """The critic, if it scored a generated part of this answer."""
    candidates: list[MatchCandidate] | None = None
    """The near-duplicate candidates, with `explain`."""
    prompts: dict[Relation, str] | None = None
    """The student's prompts, with `explain`."""
    not_applicable_sentences: dict[Relation, str] | None = None
    """For each relation without meaning an English sentence, with `render`."""
    took_ms: float = 0.0
    """Duration, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Answers:
    """An answer, or a problem, for each question of a batch, in order."""

    answers: list[Answer | Problem]
