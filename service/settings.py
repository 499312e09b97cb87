"""Every setting: its flag, its environment variable, its default and its help.

A flag beats the environment variable (prefix COMETGRAPH_), and a variable beats the default. One other module reads the
environment: schemas/relations/files.py, since the relations must be known before any setting.
"""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from distill.critic import BUNDLED as CRITIC
from distill.judge import BUNDLED as JUDGE
from distill.student.files import BUNDLED
from graph.links import MIN_LINK
from schemas.errors import BadInput, FieldError
from schemas.validation import bad_input

_PREFIX = "COMETGRAPH_"
_NOT_SETTINGS = re.compile(r"COMETGRAPH_(TEST_.*|SERVICE_(HOST|PORT).*|PORT_\d+_.*)")
"""Variables of the test suite, and those that Kubernetes sets for a Service named cometgraph."""
_WITHOUT_FLAG = frozenset({"relations"})
"""The relations are read at import, before the command line."""


def _matching(pattern: str, allowed: str) -> AfterValidator:
    """A check of a text by a pattern. The error says `allowed`, in words."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(allowed)
        return text

    return AfterValidator(check)


class Settings(BaseSettings):
    """All settings of cometgraph."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", frozen=True)

    store: Annotated[
        str, Field(min_length=1, description="Graph store: a folder, bolt://HOST:PORT or neo4j://HOST:PORT.")
    ] = "data/graph"
    neo4j_user: Annotated[str, Field(description="User name at the Neo4j server.")] = "neo4j"
    neo4j_password: Annotated[SecretStr, Field(description="Password at the Neo4j server.")] = SecretStr("")
    neo4j_database: Annotated[
        str | None, Field(description="Database at the Neo4j server. Unset: its default database.")
    ] = None
    threads: Annotated[int, Field(ge=1, le=64, description="Query threads of the embedded store.")] = 2
    min_link: Annotated[
        float, Field(ge=0, le=1, description="Minimum confidence of links from inferences to events.")
    ] = MIN_LINK
    relations: Annotated[str, Field(description="Folder with files NAME.toml of further relations.")] = ""
    generate: Annotated[bool, Field(description="Let the student answer questions missing from the graph.")] = True
    keep: Annotated[bool, Field(description="Store generated answers. Off: no trace of any question.")] = True
    student: Annotated[
        str, Field(min_length=1, description="Student: bundled name, folder, or Hugging Face model id.")
    ] = BUNDLED
    prompt_form: Annotated[
        Literal["plain", "comet-distill", "comet-2020"] | None,
        Field(description="Prompt form of the student. Unset: detected from its files."),
    ] = None
    decoding: Annotated[
        Literal["paper", "fast", "beam5", "greedy", "beam", "sample"],
        Field(description="Default decoding preset."),
    ] = "beam"
    match: Annotated[bool, Field(description="Answer unknown events from near-duplicates in the graph.")] = True
    embedder: Annotated[
        str, Field(min_length=1, description="Embedder: minilm (bundled), folder, or Hugging Face model id.")
    ] = "minilm"
    judge: Annotated[str, Field(min_length=1, description="Judge of near-duplicates: bundled name, or folder.")] = JUDGE
    critic: Annotated[
        str, Field(min_length=1, description="Critic of generated inferences: bundled name, or folder.")
    ] = CRITIC
    no_critic: Annotated[bool, Field(description="Leave out the critic: generated inferences have no p_valid.")] = False
    device: Annotated[
        str,
        _matching(r"auto|cpu|cuda(:\d+)?", "auto, cpu, cuda or cuda:N"),
        Field(description="Student's device: auto (prefers a GPU), cpu, cuda, cuda:N."),
    ] = "auto"
    compute_type: Annotated[
        Literal["auto", "int8", "float32", "bfloat16"],
        Field(description="Compute type. auto: int8 on CPUs, bfloat16 on GPUs."),
    ] = "auto"
    model_threads: Annotated[int, Field(ge=0, le=256, description="CPU threads of each model. 0: one per core.")] = 0
    engine_url: Annotated[
        Annotated[str, _matching(r"https?://.+", "a URL such as http://HOST:PORT/v1")] | None,
        Field(description="OpenAI-compatible server of the student, http://HOST:PORT/v1. Unset: runs here."),
    ] = None
    engine_model: Annotated[str | None, Field(description="Model name at that server. Unset: the student's own.")] = (
        None
    )
    engine_key: Annotated[SecretStr, Field(description="API key for that server.")] = SecretStr("")
    cache: Annotated[str, Field(min_length=1, description="Folder for converted model files.")] = "data/models"
    batch_size: Annotated[int, Field(ge=1, le=1024, description="Maximum batch size, in (event, relation) pairs.")] = 32
    batch_wait_ms: Annotated[
        float, Field(ge=0, le=1000, description="Milliseconds a batch waits for more questions.")
    ] = 3.0
    queue_limit: Annotated[
        int, Field(ge=32, description="Maximum queue length, in (event, relation) pairs. Beyond: status 429.")
    ] = 256
    generate_seconds: Annotated[float, Field(gt=0, description="Maximum wait for the student, in seconds.")] = 30.0
    cypher: Annotated[bool, Field(description="Answer Cypher queries over HTTP.")] = True
    cypher_seconds: Annotated[float, Field(gt=0, le=600, description="Time limit of a Cypher query, in seconds.")] = 5.0
    cypher_rows: Annotated[int, Field(ge=1, le=100_000, description="Maximum rows of a Cypher query.")] = 1_000
    cypher_bytes: Annotated[
        int, Field(ge=1024, le=256 << 20, description="Maximum result of a Cypher query, in bytes.")
    ] = 4 << 20
    cypher_slots: Annotated[int, Field(ge=1, le=64, description="Cypher queries at once. Beyond: status 429.")] = 4
    host: Annotated[str, Field(min_length=1, description="Listening address of the service.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Listening port. 0: any free port.")] = 8000
    allowed_hosts: Annotated[
        str, Field(description="Further host names, with commas. *.example.org: subdomains. *: any.")
    ] = ""
    cors_origin: Annotated[
        str,
        Field(description="Origins of pages with access (CORS), with commas. *: any."),
    ] = ""
    root_path: Annotated[
        str,
        Field(pattern=r"^(/[^/\s?#]+)*$", description="Path prefix behind a proxy, such as /comet."),
    ] = ""
    api_keys: Annotated[
        SecretStr, Field(description="API keys NAME:SCOPE[+SCOPE]:SECRET with commas, or @FILE. Unset: open access.")
    ] = SecretStr("")
    allow_anonymous: Annotated[bool, Field(description="Permit a public --host without API keys.")] = False
    rate_limit: Annotated[str, Field(description="Rate limit per API key or client, such as 600/minute.")] = ""
    max_body_bytes: Annotated[int, Field(ge=1024, description="Maximum request body, in bytes.")] = 1 << 20
    cache_entries: Annotated[int, Field(ge=0, description="Maximum number of cached answers. 0: none.")] = 100_000
    cache_bytes: Annotated[int, Field(ge=0, description="Maximum memory of cached answers, in bytes. 0: none.")] = (
        64 << 20
    )
    stop_seconds: Annotated[int, Field(ge=0, description="Seconds for requests in flight during a stop.")] = 10
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="Minimum log level.")] = "info"
    log_format: Annotated[Literal["json", "text"], Field(description="JSON objects, one a line, or text.")] = "json"
    log_events: Annotated[bool, Field(description="Log the events of questions.")] = False


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """Settings from flags (None: not given), environment and defaults.

    Raises BadInput for a bad value, and for an environment variable without a setting.
    """
    _check_variables()
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise bad_input(error.errors(), list(Settings.model_fields)) from error


def _check_variables() -> None:
    """A misspelt variable is an error, as a misspelt flag is: the setting would silently keep its default."""
    variables = [variable(name) for name in Settings.model_fields]
    unknown = [
        name
        for name in sorted(os.environ)
        if name.upper().startswith(_PREFIX)
        and _NOT_SETTINGS.fullmatch(name.upper()) is None
        and name.upper() not in variables
    ]
    if unknown:
        raise BadInput([FieldError(name, None, _advice(name, variables)) for name in unknown])


def _advice(name: str, variables: list[str]) -> str:
    suffixes = [variable.removeprefix(_PREFIX) for variable in variables]
    nearest = get_close_matches(name.upper().removeprefix(_PREFIX), suffixes, n=1)
    advice = f"did you mean {_PREFIX}{nearest[0]}?" if nearest else "`cometgraph settings` lists all variables"
    return f"no setting has this environment variable; {advice}"


def flag(name: str) -> str:
    """The command line's name of a setting. Empty: a variable alone sets it."""
    if name in _WITHOUT_FLAG:
        return ""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """The environment's name of a setting."""
    return _PREFIX + name.upper()


def setting_text(value: Any) -> str:
    """A setting's value, as people read and write it. Empty: unset. A secret is hidden."""
    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else ""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def default_text(name: str) -> str:
    """The default of a setting."""
    return setting_text(Settings.model_fields[name].default)
