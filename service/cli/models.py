"""`cometgraph models`."""

from pathlib import Path

import click
import orjson

from distill.student.files import cached_weights, find
from distill.student.student import open_student, origin_of
from distill.weights.cache import clear
from service.cli.options import STUDENT, setting_options
from service.cli.progress import progress_bar
from service.runtime.specs import student_spec_of
from service.settings import Settings


@click.command()
@click.option("--convert", is_flag=True, help="Convert the student's files now, before the first start.")
@click.option("--clear", "clears", is_flag=True, help="Delete the converted files of all students.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_options(STUDENT)
def models(settings: Settings, convert: bool, clears: bool, as_json: bool) -> None:
    """Show, prepare or delete the student's converted files."""
    cache = Path(settings.cache)
    if clears:
        click.echo(f"{clear(cache) / 1e6:,.0f} MB freed in {cache}")
        return
    if convert:
        with progress_bar() as progress:
            open_student(student_spec_of(settings), progress).close()
    files = find(settings.student, settings.prompt_form, cache)
    sizes = dict(cached_weights(files))
    relations = [relation.value for relation in files.relations]
    names = {
        "name": files.name,
        "version": files.version,
        "prompt_form": files.form.name,
        "origin": origin_of(files.name),
    }
    if as_json:
        click.echo(orjson.dumps(names | {"relations": relations, "cache": sizes}).decode())
        return
    shown_sizes = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in sizes.items())
    shown = names | {"relations": ", ".join(relations), "cache": shown_sizes or "nothing converted yet"}
    for name, value in shown.items():
        click.echo(f"{name:12} {value}")
