"""`cometgraph models`: which student there is, what was made from its files, and the room that takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from distill.student.files import cached_weights, find
from distill.student.student import open_student, origin_of
from distill.weights.cache import clear
from service.cli.progress import progress
from service.runtime.specs import student_spec_of
from service.settings import Settings, load_settings


def models(flags: Mapping[str, Any]) -> None:
    """Show, prepare or clear. Raises CometgraphError."""
    settings = load_settings({name: flags[name] for name in flags if name in Settings.model_fields})
    cache = Path(settings.cache)
    if flags["clear"]:
        click.echo(f"{clear(cache) / 1e6:,.0f} MB freed in {cache}")
        return
    if flags["convert"]:
        with progress() as told:
            open_student(student_spec_of(settings), told).close()
    _show(settings, cache, as_json=flags["as_json"])


def _show(settings: Settings, cache: Path, *, as_json: bool) -> None:
    files = find(settings.student, settings.prompt_form, cache)
    said = {
        "name": files.name,
        "version": files.version,
        "prompt_form": files.form.name,
        "origin": origin_of(files.name),
        "relations": [relation.value for relation in files.relations],
        "cache": dict(cached_weights(files)),
    }
    if as_json:
        click.echo(orjson.dumps(said).decode())
        return
    for name, value in said.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        if name == "cache":
            shown = ", ".join(f"{n} {size / 1e6:,.0f} MB" for n, size in cached_weights(files)) or "nothing made yet"
        click.echo(f"{name:12} {shown}")
