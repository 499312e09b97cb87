"""`cometgraph distill judge`."""

from pathlib import Path
from typing import Any

import click

from distill.judge.derived_pairs import derive
from distill.judge.pairs import apart, read_pairs, undecided
from distill.judge.train import Recipe, train
from distill.judge.wordnet import WordNet
from service.cli.distill.recipe import output_folder, read_triples, recipe_of
from service.cli.progress import progress_bar


@click.command()
@click.option(
    "--pairs", "files", multiple=True, required=True, metavar="FILE", help="Labelled pairs, TSV; may be repeated."
)
@click.option("--heads", multiple=True, metavar="FILE", help="Triples; pairs are derived from their train heads.")
@click.option("--out", required=True, metavar="DIR", help="Folder for the judge, its log and its checkpoint.")
@click.option("--base", metavar="NAME", help="minilm (bundled), or a folder. [default minilm]")
@click.option("--rank", metavar="N", help="Rank of the adapter. [default 64]")
@click.option("--learning-rate", metavar="R", help="Highest learning rate. [default 0.0005]")
@click.option("--epochs", metavar="N", help="Passes over the pairs. [default 4]")
@click.option("--batch", metavar="N", help="Pairs a step. [default 32]")
@click.option("--derived", metavar="N", help="Maximum number of derived pairs of each kind. [default 600]")
@click.option("--derived-weight", metavar="W", help="Weight of a derived pair; a labelled one has 1. [default 0.5]")
@click.option("--precision", metavar="P", help="Precision of the threshold on the dev pairs. [default 0.9]")
@click.option("--seed", metavar="N", help="Seed of derived pairs, order and adapter. [default 0]")
def judge(files: tuple[str, ...], heads: tuple[str, ...], out: str, **flags: Any) -> None:
    """Train a judge of near-duplicates on pairs of events.

    Stopped or killed, and run again, it continues.
    """
    recipe = recipe_of(Recipe, flags)
    folder = output_folder(out)
    splits = {t.head: t.split or "train" for t in read_triples(heads)}
    usable = sorted(head for head, split in splits.items() if split != "test")
    labelled, validation, held_back = apart(read_pairs(Path(file), usable) for file in files)
    sources = [
        head
        for head in usable
        if splits[head] == "train" and head not in held_back and head.startswith("PersonX ") and "___" not in head
    ]
    derived = derive(sources, WordNet(), recipe.seed, recipe.derived) if sources else []
    pairs = [p for p in undecided([*labelled, *derived]) if held_back.isdisjoint((p.a, p.b))]
    with progress_bar() as progress:
        train(pairs, list(undecided(validation)), folder, recipe, progress)
    click.echo(f"the judge is in {folder / 'judge'}")
