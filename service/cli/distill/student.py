"""`cometgraph distill student`."""

from typing import Any

import click

from distill.run.config import load_config
from distill.student.recipe import Recipe
from distill.student.splits import split_rows, validation_sample
from distill.student.train import train
from service.cli.distill.recipe import output_folder, read_triples, recipe_of
from service.cli.distill.run import run_to
from service.cli.distill.run_options import is_stage, place_of, teacher_options
from service.cli.progress import progress_bar


@click.command()
@click.argument("config", required=False, metavar="[CONFIG]")
@click.option("--train", "files", multiple=True, metavar="FILE", help="Triples; may be repeated.")
@click.option("--validation", multiple=True, metavar="FILE", help="Validation triples; else the dev rows of --train.")
@click.option("--out", required=True, metavar="DIR", help="Folder for the student, its log and its checkpoint.")
@teacher_options
@click.option(
    "--base",
    metavar="NAME",
    help="smollm2-135m (bundled), a folder, or a Hugging Face model id. [default smollm2-135m]",
)
@click.option("--prompt-form", metavar="NAME", help="plain, comet-distill or comet-2020. [default plain]")
@click.option("--rank", metavar="N", help="Rank of the adapter; 0 trains all weights. [default 24]")
@click.option("--from-layer", metavar="N", help="First block with an adapter. [default 0]")
@click.option("--learning-rate", metavar="R", help="Highest learning rate. [default 0.002]")
@click.option("--epochs", metavar="N", help="Passes over the triples. [default 2]")
@click.option("--batch-tokens", metavar="N", help="Tokens a step. [default 1536]")
@click.option("--decay", metavar="P", help="Share of the steps with a falling learning rate. [default 0.7]")
@click.option("--evaluate-every", metavar="N", help="Steps between two validations. [default 100]")
@click.option("--seed", metavar="N", help="Seed of the order of triples and of the adapter. [default 0]")
@click.option("--start", metavar="DIR", help="Adapter of the same shape to start from.")
def student(
    config: str | None,
    files: tuple[str, ...],
    validation: tuple[str, ...],
    out: str,
    log: str | None,
    teacher_url: str | None,
    teacher_model: str | None,
    **flags: Any,
) -> None:
    """Train a student on triples.

    With CONFIG it is the last stage of the run in --out. Stopped or killed, and run again, it continues.
    """
    if is_stage(config, files, "train"):
        run_to("student", load_config(str(config), teacher_url, teacher_model), place_of(out, log))
        return
    recipe = recipe_of(Recipe, flags)
    folder = output_folder(out)
    rows = list(read_triples(files))
    if validation:
        validation_rows = list(read_triples(validation))
        excluded = {t.head for t in validation_rows} | {t.head for t in rows if t.split not in (None, "train")}
        training_rows = [t for t in rows if t.head not in excluded]
    else:
        training_rows, validation_rows = split_rows(rows)
    with progress_bar() as progress:
        train(training_rows, validation_sample(validation_rows), folder, recipe, progress)
    result = folder / ("adapter" if recipe.rank else "model")
    click.echo(f"the student is in {result}; its loss, step by step, in {folder}")
