"""Labelled triples for training, and files of them.

Files are TSV (CSV by extension, both also gzipped) with a header: head, relation, tail, label, and optionally split,
source, group and population. Labels are 1 or valid, 0 or invalid, not_an_event (invalid, too), and not_applicable.
Rows of one group are the answers to one question, one of them right. A file of pseudo-labels has p in place of label:
the probability by another critic.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import nan
from pathlib import Path
from typing import TextIO

from schemas.errors import BadFile, BadInput
from schemas.events import canonical
from schemas.relations import Relation
from schemas.triples import SPLITS, says_none

_LABELS = {"1": 1.0, "valid": 1.0, "0": 0.0, "invalid": 0.0, "not_an_event": 0.0}
_NOT_APPLICABLE = "not_applicable"
_RELATIONS: dict[str, Relation | None] = {
    **{relation.value: relation for relation in Relation},
    "general Effect": Relation.oEffect,
    "general React": Relation.oReact,
    "general Want": Relation.oWant,
    "oNeed": None,
}
"""Names of relations in data sets. None: a relation without a counterpart, whose rows are left out."""


@dataclass(frozen=True, slots=True)
class Example:
    """A triple with its label.

    p: 1 for valid, 0 for invalid, or the probability by another critic.
    split: train, dev or test.
    source: the data set, or the model and its kind.
    group: of a choice question. Empty without one.
    population: student or teacher. Empty for other sources.
    weight: in the loss.
    """

    head: str
    relation: Relation
    tail: str
    p: float
    split: str
    source: str
    group: str = ""
    population: str = ""
    weight: float = 1.0


def read_labels(path: Path) -> list[Example]:
    """The examples of a file. Tails of `none` are left out: a critic never reads them. Raises BadFile."""
    try:
        with _open(path) as file:
            name = path.name.removesuffix(".gz")
            if name.endswith(".csv"):
                rows = list(csv.DictReader(file))
            else:
                rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(str(path), f"not readable ({error})") from error
    default = path.name.partition(".")[0]
    return [e for line, row in enumerate(rows, 2) if (e := _example(row, default, f"line {line}", path)) is not None]


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _example(row: Mapping[str, str], source: str, where: str, path: Path) -> Example | None:
    head, tail = row.get("head"), row.get("tail")
    if not head or not tail or row.get("relation") not in _RELATIONS:
        raise BadFile(str(path), f"{where} has no head, tail and known relation")
    relation = _RELATIONS[row["relation"]]
    if row.get("label") == _NOT_APPLICABLE or relation is None or says_none(tail):
        return None
    split = SPLITS.get(row.get("split") or "train")
    if split is None:
        raise BadFile(str(path), f"{where}: split is {row['split']!r}, allowed are train, dev and test")
    return Example(
        head,
        relation,
        tail,
        _probability(row, where, path),
        "dev" if split == "val" else split,
        row.get("source") or source,
        row.get("group") or "",
        row.get("population") or "",
    )


def _probability(row: Mapping[str, str], where: str, path: Path) -> float:
    """Of "valid": 0 or 1 of a label, or the p of a pseudo-label."""
    if (label := row.get("label")) in _LABELS:
        return _LABELS[label]
    try:
        p = float(row["p"])
    except (KeyError, TypeError, ValueError):
        p = nan
    if not 0 <= p <= 1:
        allowed = f"{', '.join(_LABELS)} and {_NOT_APPLICABLE}, or a p from 0 to 1"
        raise BadFile(str(path), f"{where}: label is {label!r}, allowed are {allowed}")
    return p


def weighted(examples: Iterable[Example], weights: Mapping[str, float]) -> list[Example]:
    """The examples with the weights of their sources, named by beginnings. Sources without one keep 1.

    Raises BadInput for a weight of no source.
    """
    examples = list(examples)
    for prefix in weights:
        if not any(e.source.startswith(prefix) for e in examples):
            sources = ", ".join(sorted({e.source.partition("/")[0] for e in examples}))
            raise BadInput.of("weight", prefix, f"the beginning of a source ({sources})")
    return [
        replace(e, weight=next((w for prefix, w in weights.items() if e.source.startswith(prefix)), 1.0))
        for e in examples
    ]


def apart(
    examples: Iterable[Example], dev_trains: Sequence[str] = (), test_yields: Sequence[str] = ()
) -> tuple[list[Example], list[Example], list[Example]]:
    """Training, dev and test examples. No head of one part is in another.

    A test row of any file takes its head from the other two parts, a dev row from training.

    dev_trains: beginnings of sources whose dev rows train.
    test_yields: beginnings of sources whose test rows take no head: those with a head of the other parts are left out.
    """
    training: list[Example] = []
    dev: list[Example] = []
    test: list[Example] = []
    weak: list[Example] = []
    for e in examples:
        if e.split == "test":
            (weak if e.source.startswith(tuple(test_yields)) else test).append(e)
        elif e.split == "dev" and not e.source.startswith(tuple(dev_trains)):
            dev.append(e)
        else:
            training.append(replace(e, split="train"))
    heads = _heads(test)
    dev = [e for e in dev if head_key(e.head) not in heads]
    heads |= _heads(dev)
    training = [e for e in training if head_key(e.head) not in heads]
    heads = _heads(training) | _heads(dev)
    return training, dev, test + [e for e in weak if head_key(e.head) not in heads]


def _heads(examples: Iterable[Example]) -> set[str]:
    return {head_key(e.head) for e in examples}


@cache
def head_key(head: str) -> str:
    """The head in lower case with verbs as infinitives, so that "PersonX make tea" is "PersonX makes tea"."""
    return " ".join(_lemma(word) for word in canonical(head).replace("'s", " 's").casefold().split())


@cache
def _lemma(word: str) -> str:
    from lemminflect import getLemma

    return next(iter(getLemma(word, "VERB", lemmatize_oov=False)), word)


def questions(examples: Sequence[Example]) -> Iterator[list[int]]:
    """Places of the examples of each group, and of each example without one."""
    groups: dict[tuple[str, str], list[int]] = {}
    for n, example in enumerate(examples):
        if example.group:
            groups.setdefault((example.source, example.group), []).append(n)
        else:
            yield [n]
    yield from groups.values()
