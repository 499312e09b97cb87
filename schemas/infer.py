"""What is asked and what is answered: the bodies of /infer and /infer/batch, of the CLI and of the client."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.events import MAX_EVENT
from schemas.problem import Problem
from schemas.relations import RELATIONS, Relation

Mode = Literal["auto", "graph", "near_duplicate", "generate"]
Source = Literal["graph", "near_duplicate", "generated"]
DecodingName = Literal["paper", "fast", "beam5", "greedy", "beam", "sample"]
MAX_QUESTIONS = 1000
MAX_LIMIT = 1000
MAX_N = 50
MAX_NEW_TOKENS = 64
MAX_SEED = 2**32 - 1


def _as_list(value: Any) -> Any:
    """One name stands for a list of one."""
    return [value] if isinstance(value, str) else value


def _once(names: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(names))


class Question(BaseModel):
    """An event and what one wants to know about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Annotated[
        str,
        Field(
            max_length=MAX_EVENT,
            pattern=r"[^\W_]",
            description="The event, as stored or in one's own words: a text with at least one letter or digit.",
            examples=["PersonX buys a car"],
        ),
    ]
    as_is: Annotated[bool, Field(description="Take the event word for word: it is not read as natural language.")] = (
        False
    )
    clause: Annotated[
        int | None,
        Field(ge=0, le=20, description="Which clause of a longer text to answer, from 0. Unset: the main one."),
    ] = None
    relation: Annotated[
        tuple[Relation, ...],
        BeforeValidator(_as_list),
        AfterValidator(_once),
        Field(max_length=len(RELATIONS), description="Relations asked for; none means all.", examples=[["xIntent"]]),
    ] = ()
    limit: Annotated[
        int, Field(ge=1, le=MAX_LIMIT, description="At most this many inferences for each relation.", examples=[5])
    ] = 10
    mode: Annotated[
        Mode,
        Field(
            description="Rungs that may answer: all there are, first come (`auto`); the exact graph match alone, "
            "without what a student wrote (`graph`); another stored event that means the same (`near_duplicate`); "
            "the student, even where the graph knows (`generate`)."
        ),
    ] = "auto"
    min_p_valid: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="Only inferences that the critic scored at least so; unscored ones are left out.",
        ),
    ] = None
    origin: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=100)], ...],
        BeforeValidator(_as_list),
        AfterValidator(_once),
        Field(max_length=20, description="Only inferences that one of these data sets or models says."),
    ] = ()
    threshold: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="Least confidence with which a stored event counts as the same. Unset: the judge's own.",
        ),
    ] = None
    decoding: Annotated[
        DecodingName | None,
        Field(
            description="How the student draws tails: `paper` (10 samples, top_p 0.9), `fast` (the likeliest), "
            "`beam5`; or plainly `greedy`, `beam`, `sample`. Unset: as the service is set."
        ),
    ] = None
    n: Annotated[int | None, Field(ge=1, le=MAX_N, description="Tails that the student draws.")] = None
    temperature: Annotated[
        float | None,
        Field(ge=0.05, le=5, allow_inf_nan=False, description="With sampling: below 1 safer, above wilder."),
    ] = None
    top_p: Annotated[
        float | None,
        Field(
            gt=0, le=1, allow_inf_nan=False, description="With sampling: the share of probability that is drawn from."
        ),
    ] = None
    max_new_tokens: Annotated[
        int | None,
        Field(ge=1, le=MAX_NEW_TOKENS, description="Longest tail, in the student's tokens, its end included."),
    ] = None
    seed: Annotated[
        int | None,
        Field(ge=0, le=MAX_SEED, description="With sampling: the same seed draws the same tails. Unset: one is drawn."),
    ] = None
    explain: Annotated[
        bool,
        Field(description="List the stored events that were considered, and say what the student was asked."),
    ] = False
    keep: Annotated[
        bool | None,
        Field(
            description="Whether what the student writes is kept, which wants the scope `write`. False: no trace of "
            "the question stays. Unset: as the service is set, where the caller may."
        ),
    ] = None
    generated: Annotated[
        bool,
        Field(
            description="Let events of which only students spoke, and what students said of others, answer as "
            "near-duplicates and be shown."
        ),
    ] = False


class InferBatchRequest(BaseModel):
    """Many questions at once."""

    model_config = ConfigDict(extra="forbid")

    questions: Annotated[
        list[Any],
        Field(
            min_length=1,
            max_length=MAX_QUESTIONS,
            description="Each an object with the fields of GET /infer; one that is not gets a problem in its place.",
            examples=[[{"event": "PersonX buys a car", "relation": ["xIntent", "xNeed"], "limit": 3}]],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Match:
    """The stored event that answered.

    similarity: cosine of the two events' vectors (1.0: the same text). confidence: the judge's, that both mean the
    same. roles: who of the stored event is whom of the asked one.
    """

    event: str
    similarity: float
    confidence: float
    roles: dict[str, str]


@dataclass(frozen=True, slots=True)
class MatchCandidate:
    """A stored event that was considered, and why it was taken or refused."""

    event: str
    similarity: float
    confidence: float
    same: bool
    reason: str


@dataclass(slots=True)
class Inference:
    """One tail, with what is known about it.

    source: the rung that said it. stored: it was in the graph already, rather than written for this answer.
    generated: a student wrote it, now or then.
    """

    relation: Relation
    tail: str
    p_valid: Annotated[float | None, Field(description="The critic's score, null where nobody scored.")]
    log_prob: Annotated[
        float | None,
        Field(description="Natural logarithm of the probability that the student says so; null where none did."),
    ]
    rank: Annotated[int, Field(description="Place among the inferences of its relation, from 1.")]
    source: Source
    stored: bool
    generated: bool
    origins: tuple[str, ...]
    split: str | None


@dataclass(frozen=True, slots=True)
class Model:
    """The student that wrote: its name, version (of its weights), and where and how it computed."""

    name: str
    version: str
    engine: str
    device: str
    dtype: str


@dataclass(frozen=True, slots=True)
class DecodingInfo:
    """How tails were drawn: all that is needed to draw them again."""

    method: Literal["greedy", "beam", "sample"]
    n: int
    beams: int | None
    temperature: float | None
    top_p: float | None
    max_new_tokens: int
    seed: int | None


@dataclass(slots=True)
class Answer:
    """What the ladder found.

    asked: the text as it came; event: what it was read as; roles: who of the text is whom of the event; clauses: the
    events of all its clauses, where it has several. source: the lowest rung that any relation needed. stored: all of
    it was in the graph before. match: the stored event that answered. not_applicable: relations that do not apply to
    this event. degraded: what was skipped on the way to this answer. model, decoding: of what was written for this
    answer. candidates, prompts: with `explain`.
    """

    asked: str
    event: str
    roles: dict[str, str]
    clauses: list[str]
    source: Source
    stored: bool
    match: Match | None
    inferences: list[Inference]
    not_applicable: list[Relation] = field(default_factory=list[Relation])
    degraded: list[str] = field(default_factory=list[str])
    model: Model | None = None
    decoding: DecodingInfo | None = None
    candidates: list[MatchCandidate] | None = None
    prompts: dict[Relation, str] | None = None
    took_ms: Annotated[float, Field(description="Time to find this answer, in milliseconds.")] = 0.0


@dataclass(frozen=True, slots=True)
class Answers:
    """An answer, or a problem, for each question of a batch."""

    answers: list[Answer | Problem]
