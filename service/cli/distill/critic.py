"""`cometgraph distill critic`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from distill.critic.corrupted import questions_from
from distill.critic.labels import Example, apart, read_labels, weighted
from distill.critic.recipe import Recipe
from distill.run.config import load_config
from distill.weights.devices import device_of
from schemas.errors import BadInput
from service.cli.distill.recipe import output_folder, read_triples, recipe_of
from service.cli.distill.run import run_to
from service.cli.distill.run_options import is_stage, place_of, teacher_options
from service.cli.progress import progress_bar
from service.cli.table import print_table


@click.command()
@click.argument("config", required=False, metavar="[CONFIG]")
@click.option("--labels", multiple=True, metavar="FILE", help="Labelled triples, TSV or CSV; may be repeated.")
@click.option("--pseudo", multiple=True, metavar="FILE", help="Triples with the probabilities of another critic.")
@click.option("--triples", multiple=True, metavar="FILE", help="Triples without labels; choice questions from each.")
@click.option("--questions", default=200_000, metavar="N", help="Most choice questions of --triples. [default 200000]")
@click.option("--weight", multiple=True, metavar="SOURCE=W", help="Weight of a source in the loss; may repeat.")
@click.option("--dev-trains", multiple=True, metavar="SOURCE", help="Train on this source's dev rows, too; may repeat.")
@click.option("--test-yields", multiple=True, metavar="SOURCE", help="Test this source on untrained events alone.")
@click.option("--out", required=True, metavar="DIR", help="Folder for the critic, its log and its checkpoint.")
@teacher_options
@click.option("--device", default="auto", metavar="D", help="auto, cpu or cuda. [default auto]")
@click.option("--base", metavar="NAME", help="minilm, smollm2-135m, a folder or a model id. [default minilm]")
@click.option("--rank", metavar="N", help="Rank of the adapter. [default 64]")
@click.option("--learning-rate", metavar="R", help="Highest learning rate. [default 0.0005]")
@click.option("--epochs", metavar="N", help="Passes over the triples. [default 2]")
@click.option("--batch", metavar="N", help="Triples a step. [default 48]")
@click.option("--dropout", metavar="P", help="Dropout of the base. [default 0.1]")
@click.option("--evaluations", metavar="N", help="Validations in an epoch. [default 2]")
@click.option("--patience", metavar="N", help="Validations without a better one that end the run. [default none]")
@click.option("--seed", metavar="N", help="Seed of names, questions, order and adapter. [default 0]")
def critic(
    config: str | None,
    labels: tuple[str, ...],
    pseudo: tuple[str, ...],
    triples: tuple[str, ...],
    questions: int,
    weight: tuple[str, ...],
    dev_trains: tuple[str, ...],
    test_yields: tuple[str, ...],
    out: str,
    log: str | None,
    teacher_url: str | None,
    teacher_model: str | None,
    device: str,
    **flags: Any,
) -> None:
    """Train a critic on labelled triples.

    With CONFIG it is a stage of the run in --out: it scores the inferences. Stopped or killed, and run again, it
    continues.
    """
    if is_stage(config, labels, "labels"):
        run_to("critic", load_config(str(config), teacher_url, teacher_model), place_of(out, log))
        return
    from distill.critic.report import describe  # they import torch
    from distill.critic.train import train

    recipe, folder, placed = recipe_of(Recipe, flags), output_folder(out), device_of(device)
    examples = [example for file in (*labels, *pseudo) for example in read_labels(Path(file))]
    examples += _questions(triples, questions, recipe.seed)
    training, dev, test = apart(weighted(examples, _weights(weight)), dev_trains, test_yields)
    with progress_bar() as progress:
        train(training, dev, folder, recipe, placed, progress)
        about = describe(folder / "critic", training, dev, test, placed, progress)
    _print(about)
    click.echo(f"the critic is in {folder / 'critic'}")


def _questions(files: Sequence[str], most: int, seed: int) -> Iterator[Example]:
    for file in files:
        usable = (t for t in read_triples([file]) if t.split in (None, "train"))
        yield from questions_from(usable, Path(file).name.partition(".")[0], most, seed)


def _weights(flags: Sequence[str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for flag in flags:
        source, _, value = flag.rpartition("=")
        try:
            weights[source] = float(value)
        except ValueError:
            weights[source] = -1.0
        if not source or not 0 <= weights[source] <= 1000:
            raise BadInput.of("weight", flag, "SOURCE=W with a weight from 0 to 1000")
    return weights


def _print(about: dict[str, Any]) -> None:
    rows = [
        (
            source,
            str(row["rows"]),
            f"{row['base_rate']:.2f}",
            f"{row['average_precision'][0]:.3f}",
            f"{row['auc'][0]:.3f}",
        )
        for source, row in about["test"].items()
    ]
    print_table("", ("test rows", "number", "valid", "AP", "AUC"), rows)
    for kept in about["self_test"]:
        verdict = "as expected" if kept["passes"] else "not as expected"
        click.echo(
            f"self-test at recall {kept['recall']}: {kept['kept']} of the {kept['population']}'s test triples kept, "
            f"{kept['expected']:.0f} ± {kept['deviation']:.0f} expected: {verdict}"
        )
