"""`cometgraph distill student` on files of triples, `cometgraph distill judge` on pairs of events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

import click
from pydantic import TypeAdapter, ValidationError

from distill.student import Recipe, train
from graph.cleaning import Filters
from graph.files import sources
from graph.reading import read
from graph.rows import triples_of
from schemas.checking import bad_input
from schemas.errors import BadInput
from schemas.triples import Triple
from service.progress import progress

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")

_HELD_OUT = 50
"""One head in so many validates where the files name no validation rows."""
_VALIDATING = 150
"""Heads that validate: more cost time at each look, and change little."""


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
        training, validation = parted(rows)
    with progress() as told:
        train(training, _few(validation), out, recipe, told)
    click.echo(f"the student is in {out / ('adapter' if recipe.rank else 'model')}; its loss, step by step, in {out}")


def judge(flags: Mapping[str, Any]) -> None:
    """Train a judge, or go on training. Raises CometgraphError, Stopped."""
    from distill.judge import training
    from distill.judge.pairs import apart, derive, read_pairs, undecided
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


def parted(rows: Sequence[Triple]) -> tuple[list[Triple], list[Triple]]:
    """Train and dev rows as the files say; without dev rows one head in fifty is held out. Test rows are left alone."""
    kept_apart = {t.head for t in rows if t.split not in (None, "train")}
    training = [t for t in rows if t.split in (None, "train") and t.head not in kept_apart]
    validation = [t for t in rows if t.split in ("dev", "val")]
    if validation:
        return training, validation
    held = {t.head for t in training if crc32(t.head.encode()) % _HELD_OUT == 0}
    return [t for t in training if t.head not in held], [t for t in training if t.head in held]


def _few(rows: Sequence[Triple]) -> list[Triple]:
    """The triples of some heads, the same ones each time."""
    heads = sorted({t.head for t in rows}, key=lambda head: crc32(head.encode()))[:_VALIDATING]
    chosen = set(heads)
    return [t for t in rows if t.head in chosen]
