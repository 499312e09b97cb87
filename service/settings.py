"""Every setting: one row each, which is its flag, its environment variable, its default and its help.

A flag beats the environment variable (prefix COMETGRAPH_), which beats the default. Nobody else reads the environment.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from distill.judge import IN_THE_BOX as JUDGE
from distill.student.files import BUNDLED
from schemas.validation import bad_input


class Settings(BaseSettings):
    """All settings of cometgraph."""

    model_config = SettingsConfigDict(env_prefix="COMETGRAPH_", extra="ignore", frozen=True)

    store: Annotated[
        str, Field(min_length=1, description="Where the graph is: a folder, or bolt://HOST:PORT or neo4j://HOST:PORT.")
    ] = "data/graph"
    neo4j_user: Annotated[str, Field(description="User name at the Neo4j server.")] = "neo4j"
    neo4j_password: Annotated[SecretStr, Field(description="Password at the Neo4j server.")] = SecretStr("")
    neo4j_database: Annotated[
        str | None, Field(description="Database at the Neo4j server; its default one if unset.")
    ] = None
    threads: Annotated[int, Field(ge=1, le=64, description="Threads that query the embedded store.")] = 2
    generate: Annotated[bool, Field(description="Answer live, by the student, what the graph does not know.")] = True
    keep: Annotated[
        bool,
        Field(
            description="Keep what the student writes in the graph. Off: no trace of a question stays, as if each said "
            "keep=false."
        ),
    ] = True
    student: Annotated[
        str,
        Field(min_length=1, description=f"The student: {BUNDLED} is in the box; else a folder, or a hub's name."),
    ] = BUNDLED
    prompt_form: Annotated[
        Literal["plain", "comet-distill", "comet-2020"] | None,
        Field(description="How the student is asked; told from its files if unset."),
    ] = None
    decoding: Annotated[
        Literal["paper", "fast", "beam5", "greedy", "beam", "sample"],
        Field(description="How tails are drawn where a question does not say."),
    ] = "beam"
    match: Annotated[
        bool, Field(description="Answer from a stored event that means the same, where the asked one is not stored.")
    ] = True
    embedder: Annotated[
        str,
        Field(
            min_length=1,
            description="What makes vectors of events: minilm is in the box; else a folder, or a hub's name.",
        ),
    ] = "minilm"
    judge: Annotated[
        str,
        Field(min_length=1, description=f"The judge of near-duplicates: {JUDGE} is in the box; else a folder."),
    ] = JUDGE
    device: Annotated[
        str,
        Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto (a GPU where there is one), cpu, cuda or cuda:N."),
    ] = "auto"
    compute_type: Annotated[
        Literal["auto", "int8", "float32", "bfloat16"],
        Field(description="Numbers that the student computes with: auto is int8 on a CPU, bfloat16 on a GPU."),
    ] = "auto"
    model_threads: Annotated[
        int,
        Field(
            ge=0,
            le=256,
            description="Threads of the student, and of embedder and judge, on a CPU; 0: one for each core.",
        ),
    ] = 0
    engine_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://",
            description="An OpenAI-compatible server that serves the student, http://HOST:PORT/v1; else it runs here.",
        ),
    ] = None
    engine_model: Annotated[
        str | None, Field(description="The name by which that server knows the student; its own name if unset.")
    ] = None
    engine_key: Annotated[SecretStr, Field(description="API key for that server.")] = SecretStr("")
    cache: Annotated[
        str, Field(min_length=1, description="Folder for what is made from the models' files on first use.")
    ] = "data/models"
    batch_size: Annotated[
        int, Field(ge=1, le=1024, description="Most relations of events that the student writes in one batch.")
    ] = 32
    batch_wait_ms: Annotated[
        float, Field(ge=0, le=1000, description="How long the first question of a batch waits for others.")
    ] = 3.0
    queue_limit: Annotated[
        int, Field(ge=32, description="Most relations of events that wait for the student; more are refused with 429.")
    ] = 256
    generate_seconds: Annotated[float, Field(gt=0, description="Longest that a question waits for the student.")] = 30.0
    host: Annotated[str, Field(min_length=1, description="Address that the service listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port that the service listens on; 0 takes a free one.")] = (
        8000
    )
    allowed_hosts: Annotated[
        str,
        Field(
            description="Names by which the service may be asked besides loopback ones and its --host, separated by "
            "commas; *.example.org for the names below it, * for any. Pages of named hosts may ask for the student."
        ),
    ] = ""
    cors_origin: Annotated[
        str,
        Field(description="Origins of web pages with access to the API (CORS), separated by commas. * for any."),
    ] = ""
    root_path: Annotated[
        str,
        Field(pattern=r"^(/[^/\s?#]+)*$", description="Path of the service behind a proxy, such as /comet."),
    ] = ""
    api_keys: Annotated[
        SecretStr,
        Field(
            description="API keys, NAME:SCOPE[+SCOPE]:SECRET, separated by commas, or @FILE with one a line. "
            "Scopes: read, write (includes read), admin (includes both). Unset: no key is asked for."
        ),
    ] = SecretStr("")
    allow_anonymous: Annotated[
        bool, Field(description="Listen on an address that others can reach although no API keys are set.")
    ] = False
    rate_limit: Annotated[
        str,
        Field(
            description="Most requests for each API key (without keys: each client), as 600/minute. Unset: no limit."
        ),
    ] = ""
    max_body_bytes: Annotated[int, Field(ge=1024, description="Largest request body, in bytes.")] = 1 << 20
    cache_entries: Annotated[int, Field(ge=0, description="Most answers that are kept ready in memory. 0: none.")] = (
        100_000
    )
    cache_bytes: Annotated[
        int, Field(ge=0, description="Most memory for these answers, in bytes. 0: none are kept.")
    ] = 64 << 20
    stop_seconds: Annotated[
        int, Field(ge=0, description="How long a stopping service waits for requests in flight.")
    ] = 10
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severe messages that are logged.")
    ] = "info"
    log_format: Annotated[Literal["json", "text"], Field(description="One JSON object a line, or text.")] = "json"
    log_events: Annotated[bool, Field(description="Log the events that are asked, too.")] = False


SECRETS = frozenset({"neo4j_password", "api_keys", "engine_key"})


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """Settings from flags (None: not given), environment and defaults. Raises BadInput."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        wrong = bad_input(error.errors(), list(Settings.model_fields))
        raise wrong from error


def flag(name: str) -> str:
    """The command line's name of a setting."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """The environment's name of a setting."""
    return "COMETGRAPH_" + name.upper()
