"""The configuration of a run: a TOML file, by path or by the name of one in the box."""

import tomllib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from distill.critic import BUNDLED
from distill.critic.recipe import Recipe as CriticRecipe
from distill.events import EventRecipe
from distill.inferences import InferenceRecipe
from distill.run.place import Place
from distill.student.recipe import Recipe as StudentRecipe
from distill.teacher.calls import Budget
from distill.teacher.patience import Patience
from distill.teacher.prices import FREE, Prices, prices_of
from distill.teacher.requests import Form, TeacherModel
from distill.teacher.teacher import IN_PROCESS, Limits, TeacherSpec
from schemas.errors import BadInput
from schemas.validation import bad_input

_CONFIGS = Path(__file__).with_name("configs")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Optional = Literal["temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop", "logprobs"]


class PriceTable(_Table):
    """US dollars per million tokens. Unset: of the table of genai-prices. batch: factor for calls in a batch."""

    prompt: Annotated[Decimal, Field(ge=0)] | None = None
    cached: Annotated[Decimal, Field(ge=0)] | None = None
    completion: Annotated[Decimal, Field(ge=0)] | None = None
    batch: Annotated[Decimal, Field(ge=0, le=1)] | None = None


class LimitTable(_Table):
    """Limits of the teacher's server.

    concurrency: most calls under way. The run finds the best number below it.
    requests, tokens: a minute.
    connect, silence, call: seconds for a connection, between two parts of a reply, and for a call.
    run: seconds without any reply, before the run stops.
    repetitions: further calls after a reply without a completion.
    """

    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 64
    requests: Annotated[int, Field(ge=1)] | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None
    connect: Annotated[float, Field(gt=0)] = 10.0
    silence: Annotated[float, Field(gt=0)] = 120.0
    call: Annotated[float, Field(gt=0)] = 300.0
    run: Annotated[float, Field(gt=0)] = 600.0
    repetitions: Annotated[int, Field(ge=0, le=10)] = 1


class TeacherTable(_Table):
    """The teacher.

    url: an OpenAI-compatible server's address with /v1, or "in-process".
    model: its name at the server; in-process, a base in the box, a folder or a Hugging Face model id.
    key_env: the environment variable with the API key.
    batch: use the server's batch endpoint.
    extra: further members of each request. They replace those of the same name.
    leave_out: members of a request that the server refuses.
    """

    url: Annotated[str, Field(pattern=rf"^(?:https?://.+|{IN_PROCESS})$")]
    model: Annotated[str, Field(min_length=1)]
    key_env: str | None = None
    form: Form = "completions"
    batch: bool = False
    extra: dict[str, Any] = {}
    leave_out: tuple[_Optional, ...] = ()
    prices: PriceTable = PriceTable()
    limits: LimitTable = LimitTable()

    @property
    def priced(self) -> Prices:
        """The prices of the configuration, and of the table for what it leaves open. Raises BadInput."""
        given = {name: value for name, value in self.prices if value is not None}
        is_free = self.url == IN_PROCESS
        known = FREE if is_free or {"prompt", "completion"} <= given.keys() else prices_of(self.url, self.model)
        return replace(known, **{"cached": given.get("prompt", known.cached)} | given)

    def spec(self, place: Place) -> TeacherSpec:
        """The same, to open the teacher. Raises BadInput for a model without known prices."""
        limits = self.limits
        return TeacherSpec(
            self.url.rstrip("/"),
            self.model,
            self.key_env,
            limits=Limits(limits.concurrency, limits.requests, limits.tokens),
            prices=self.priced,
            patience=Patience(limits.connect, limits.silence, limits.call, limits.run),
            batch=self.batch,
            threads=place.threads,
            cache=place.cache,
        )

    @property
    def requested(self) -> TeacherModel:
        """The model, as the stages ask it."""
        return TeacherModel(self.url.rstrip("/"), self.model, self.form, dict.fromkeys(self.leave_out) | self.extra)


class BudgetTable(_Table):
    """Limits of the cost of the run."""

    dollars: Annotated[Decimal, Field(ge=0)] | None = None
    tokens: Annotated[int, Field(ge=0)] | None = None
    calls: Annotated[int, Field(ge=0)] | None = None

    @property
    def budget(self) -> Budget:
        """The same, for the call log."""
        return Budget(self.calls, self.tokens, None if self.dollars is None else int(self.dollars * 10**9))


class CriticTable(_Table):
    """The critic. name: the one in the box, or a folder. labels: files to train one on, in its place."""

    name: str = BUNDLED
    labels: tuple[str, ...] = ()
    recipe: CriticRecipe = CriticRecipe()


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, float) else value


class FilterTable(_Table):
    """The filter: a recall level, or a least probability. Neither: no critic."""

    recall: Annotated[Literal["0.5", "0.6", "0.7", "0.8", "0.9"] | None, BeforeValidator(_number_as_text)] = None
    p_valid: Annotated[float, Field(ge=0, le=1)] | None = None

    @property
    def uses_critic(self) -> bool:
        """True for a filter with a threshold."""
        return self.recall is not None or self.p_valid is not None

    @model_validator(mode="after")
    def _one(self) -> "FilterTable":
        if self.recall is not None and self.p_valid is not None:
            raise ValueError("a recall or a p_valid, not both")
        return self


class Config(_Table):
    """A run.

    name: names the spending of the run in the call log.
    seed: of prompts, names and sampling.
    keep: wanted number of kept triples. The run goes on in rounds until they are there.
    """

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,80}$")]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    keep: Annotated[int, Field(ge=1)] | None = None
    teacher: TeacherTable
    budget: BudgetTable = BudgetTable()
    events: EventRecipe
    inferences: InferenceRecipe = InferenceRecipe()
    critic: CriticTable = CriticTable()
    filter: FilterTable = FilterTable()
    student: StudentRecipe | None = None


def names() -> list[str]:
    """Names of the configurations in the box."""
    return sorted(path.stem for path in _CONFIGS.glob("*.toml"))


def load_config(name: str, url: str | None = None, model: str | None = None) -> Config:
    """A configuration by name or path. url, model: in place of the teacher's.

    Raises BadInput for an unknown name, a file that is no TOML, and a wrong value.
    """
    path = _CONFIGS / f"{name}.toml" if name in names() else Path(name)
    if not path.is_file():
        raise BadInput.of("config", name, "a TOML file, or one of: " + ", ".join(names()))
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput.of("config", name, f"valid TOML ({error})") from error
    teacher = values.setdefault("teacher", {})
    if isinstance(teacher, dict):
        teacher |= {key: value for key, value in (("url", url), ("model", model)) if value is not None}
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise bad_input(error.errors()) from None
