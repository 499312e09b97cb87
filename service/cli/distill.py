"""`cometgraph distill student` on files of triples, `cometgraph distill judge` on pairs of events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from pydantic import TypeAdapter, ValidationError

from distill.student.splits import split_rows, validation_sample
from distill.student.train import Recipe, train
from graph.loading.cleaning import Filters
from graph.loading.lines import sources
from graph.loading.reader import read
from graph.tables.columns import triples_of
from schemas.errors import BadInput
from schemas.triples import Triple
from schemas.validation import bad_input
from service.cli.progress import progress

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


def student(flags: Mapping[str, Any]) -> None:
    """Train, or go on training. Raises CometgraphError, Stopped."""
    recipe = _recipe(flags, Recipe)
    out = _folder(flags["out"])
    rows = list(_triples(flags["train"]))
    if flags["validation"]:
        validation = list(_triples(flags["validation"]))
        apart = {t.head for t in validation} | {t.head for t in rows if t.split not in (None, "train")}
        training = [t for t in rows if t.head not in apart]
    else:
        training, validation = split_rows(rows)
    with progress() as told:
        train(training, validation_sample(validation), out, recipe, told)
    click.echo(f"the student is in {out / ('adapter' if recipe.rank else 'model')}; its loss, step by step, in {out}")


def judge(flags: Mapping[str, Any]) -> None:
    """Train a judge, or go on training. Raises CometgraphError, Stopped."""
    from distill.judge import train as training
    from distill.judge.derived_pairs import derive
    from distill.judge.pairs import apart, read_pairs, undecided
    from distill.judge.wordnet import WordNet

    recipe = _recipe(flags, training.Recipe)
    out = _folder(flags["out"])
    splits = {t.head: t.split or "train" for t in _triples(flags["heads"])}
    known = sorted(head for head, split in splits.items() if split != "test")
    labelled, validation, held_back = apart(read_pairs(Path(file), known) for file in flags["pairs"])
    heads = [
        head
        for head in known
        if splits[head] == "train" and head not in held_back and head.startswith("PersonX ") and "___" not in head
    ]
    derived = derive(heads, WordNet(), recipe.seed, recipe.derived) if heads else []
    pairs = [p for p in undecided([*labelled, *derived]) if held_back.isdisjoint((p.a, p.b))]
    with progress() as told:
        training.train(pairs, list(undecided(validation)), out, recipe, told)
    click.echo(f"the judge is in {out / 'judge'}")


def _recipe(flags: Mapping[str, Any], kind: type[R]) -> R:
    names = [f.name for f in fields(kind)]
    try:
        return TypeAdapter(kind).validate_python({n: flags[n] for n in names if flags.get(n) is not None})
    except ValidationError as error:
        raise bad_input(error.errors(), names) from None


def _folder(out: str) -> Path:
    path = Path(out)
    if path.exists() and not path.is_dir():
        raise BadInput.of("out", out, "a folder")
    return path


def _triples(files: Sequence[str]) -> Iterator[Triple]:
    for source in sources(files):
        for chunk in read(source, None, Filters(), None):
            yield from triples_of(chunk.rows)
