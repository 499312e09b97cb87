"""Command-line options made from the table of settings."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, get_args

import click

from service.settings import Settings, default_text, flag, load_settings, variable

Result = TypeVar("Result")

STORE = ("store", "neo4j_user", "neo4j_password", "neo4j_database", "threads")
EMBEDDER = ("embedder", "model_threads", "cache")
MATCHING = ("match", "embedder", "judge")
CRITIC = ("critic", "no_critic")
CYPHER = ("cypher_seconds", "cypher_rows", "cypher_bytes")
STUDENT = (
    "generate",
    "student",
    "prompt_form",
    "decoding",
    "device",
    "compute_type",
    "model_threads",
    "engine_url",
    "engine_model",
    "engine_key",
    "cache",
    "batch_size",
    "generate_seconds",
)
ALL = tuple(name for name in Settings.model_fields if flag(name))


def setting_options(names: Sequence[str]) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Add the flags of these settings to a command. It gets all settings as its first argument.

    The command raises BadInput for a flag or a variable with a bad value.
    """

    def decorate(command: Callable[..., Result]) -> Callable[..., Result]:
        @wraps(command)
        def with_settings(**flags: Any) -> Result:
            settings = load_settings({name: flags.pop(name) for name in names})
            return command(settings, **flags)

        decorated: Callable[..., Result] = with_settings
        for name in reversed(names):
            decorated = _option(name)(decorated)
        return decorated

    return decorate


def _option(name: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    field = Settings.model_fields[name]
    default = default_text(name)
    text = f"{field.description} [{variable(name)}{f', default {default}' if default else ''}]"
    if is_switch(name):
        return click.option(flag(name), name, is_flag=True, default=None, help=text)
    if field.annotation is bool:
        return click.option(f"{flag(name)}/--no-{name.replace('_', '-')}", name, default=None, help=text)
    return click.option(flag(name), name, metavar=_metavar(name, field.annotation), help=text)


def is_switch(name: str) -> bool:
    """True for a setting that turns something off: its flag has no opposite."""
    return name.startswith("no_")


def _metavar(name: str, annotation: Any) -> str:
    choices = [choice for choice in get_args(annotation) if isinstance(choice, str)]
    return "|".join(choices) if choices else name.rpartition("_")[2].upper()
