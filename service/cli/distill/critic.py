"""`cometgraph distill critic`."""

from pathlib import Path
from typing import Any

import click

from distill.critic.labels import apart, read_labels
from distill.critic.train import Recipe, train
from service.cli.distill.recipe import output_folder, recipe_of
from service.cli.progress import progress_bar


@click.command()
@click.option("--labels", "files", multiple=True, required=True, metavar="FILE", help="Labelled triples; repeatable.")
@click.option("--out", required=True, metavar="DIR", help="Folder for the critic, its log and its checkpoint.")
@click.option("--base", metavar="NAME", help="minilm or smollm2-135m (bundled), or any model. [default minilm]")
@click.option("--rank", metavar="N", help="Rank of the adapter. [default 64]")
@click.option("--learning-rate", metavar="R", help="Highest learning rate. [default 0.0005]")
@click.option("--epochs", metavar="N", help="Passes over the labels. [default 2]")
@click.option("--batch", metavar="N", help="Triples a step. [default 48]")
@click.option("--patience", metavar="N", help="Validations without a better one that end the run. [default: no end]")
@click.option("--seed", metavar="N", help="Seed of names, order and adapter. [default 0]")
def critic(files: tuple[str, ...], out: str, **flags: Any) -> None:
    """Train a critic on labelled triples.

    Stopped or killed, and run again, it continues.
    """
    recipe = recipe_of(Recipe, flags)
    folder = output_folder(out)
    training, dev, _ = apart(example for file in files for example in read_labels(Path(file)))
    with progress_bar() as progress:
        train(training, dev, folder, recipe, "cpu", progress)
    click.echo(f"the critic is in {folder / 'critic'}")
