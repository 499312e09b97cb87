"""Command-line options made from the table of settings, and errors as one line on standard error."""

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, get_args

import click
from pydantic import SecretStr

from schemas.errors import BadInput, CometgraphError
from service.settings import Settings, flag, variable

F = TypeVar("F", bound=Callable[..., Any])

STORE = ("store", "neo4j_user", "neo4j_password", "neo4j_database", "threads")
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
MATCHING = ("match", "embedder", "judge")
INDEX = (*STORE, "match", "embedder", "model_threads", "cache")
SERVE = tuple(Settings.model_fields)


class Stopped(Exception):
    """The person stopped it; the text says more, where there is more to say."""


def setting_options(names: Sequence[str]) -> Callable[[F], F]:
    """The flags of these settings."""

    def decorate(command: F) -> F:
        for name in reversed(names):
            field = Settings.model_fields[name]
            default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
            shown = "" if default in ("", None, False) else f", default {default}"
            text = f"{field.description} [{variable(name)}{shown}]"
            if field.annotation is bool:
                option = click.option(f"{flag(name)}/--no-{name.replace('_', '-')}", name, default=None, help=text)
            else:
                option = click.option(flag(name), name, metavar=_metavar(name, field.annotation), help=text)
            command = option(command)
        return command

    return decorate


def _metavar(name: str, annotation: Any) -> str:
    choices = [choice for choice in get_args(annotation) if isinstance(choice, str)]
    return "|".join(choices) if choices else name.rpartition("_")[2].upper()


def run(group: click.Group) -> int:
    """Run the command line; the exit code: 2 for bad input, 1 for other failures, 130 when stopped."""
    logging.getLogger().addHandler(logging.NullHandler())  # only a service logs; it sets that up itself
    try:
        result = group.main(prog_name="cometgraph", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (see {context.command_path} --help)" if context else ""
        return _fail(f"{error.format_message()}{hint}", 2)
    except (Stopped, click.Abort, KeyboardInterrupt) as error:
        return _fail(str(error) or "stopped", 130)
    except BadInput as error:
        return _fail(str(error), 2)
    except CometgraphError as error:
        return _fail(str(error), 1)
    except BrokenPipeError:
        sys.stderr.close()  # so that nothing more is said to whoever has left
        return 1
    except OSError as error:
        return _fail(f"{error.filename or 'a file'}: {error.strerror}", 1)


def _fail(message: str, code: int) -> int:
    click.echo("cometgraph: " + " ".join(message.split()), err=True)
    return code
