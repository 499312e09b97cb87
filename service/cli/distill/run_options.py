"""The configuration and the folder of a run, as arguments of a command."""

import os
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from distill.run.config import Config, load_config
from distill.run.place import Place
from schemas.errors import BadInput
from service.cli.distill.recipe import output_folder
from service.cli.options import setting_options
from service.settings import Settings, load_settings

LOG = "calls.sqlite"
_NOWHERE = Path(os.devnull) / "run"
"""A folder that never exists."""
_STAGE = ("config", "out", "log", "teacher_url", "teacher_model")
"""Parameters of a stage of a run."""


def place_of(out: str | None, log: str | None = None, settings: Settings | None = None) -> Place:
    """The place of a run. out: None for a run that is only planned. settings: by default of the environment.

    Raises BadInput.
    """
    folder = _NOWHERE if out is None else output_folder(out)
    settings = settings or load_settings({})
    threads = settings.model_threads or os.cpu_count() or 1
    return Place(folder, Path(log) if log else folder / LOG, Path(settings.cache), threads)


def is_stage(config: str | None, files: Sequence[str], option: str) -> bool:
    """True for a stage of a run, false for a training on files.

    Raises BadInput for both or neither, and for an option of the training beside CONFIG.
    """
    if (config is None) == (not files):
        message = f"{option}: needed without CONFIG, and not allowed with it"
        raise BadInput.of(option, list(files), "files, or a configuration in their place", message)
    context = click.get_current_context()
    for name, value in context.params.items() if config is not None else ():
        if name not in _STAGE and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = name.replace("_", "-")
            allowed = "its table in CONFIG"
            raise BadInput.of(flag, value, allowed, f"{flag}: not allowed with CONFIG, which has a table for it")
    return config is not None


def teacher_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options `log`, `teacher_url` and `teacher_model` to a command."""
    for option in (
        click.option("--teacher-model", metavar="NAME", help="The teacher's model, in place of CONFIG's."),
        click.option("--teacher-url", metavar="URL", help="Address of the teacher's server, in place of CONFIG's."),
        click.option("--log", metavar="FILE", help=f"Call log, which several runs may share. [default DIR/{LOG}]"),
    ):
        command = option(command)
    return command


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add them to a command. It gets a Config and a Place in their stead. Raises BadInput."""
    return _with_run(command, needs_out=True)


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a run that may have no folder yet."""
    return _with_run(command, needs_out=False)


def _with_run(command: Callable[..., Any], *, needs_out: bool) -> Callable[..., Any]:
    @click.argument("config", metavar="CONFIG")
    @click.option("--out", required=needs_out, metavar="DIR", help="Folder of the run.")
    @teacher_options
    @setting_options(("cache", "model_threads"))
    @wraps(command)
    def with_run(
        settings: Settings,
        config: str,
        out: str | None,
        log: str | None,
        teacher_url: str | None,
        teacher_model: str | None,
        **options: Any,
    ) -> Any:
        parsed: Config = load_config(config, teacher_url, teacher_model)
        return command(parsed, place_of(out, log, settings), **options)

    return with_run
