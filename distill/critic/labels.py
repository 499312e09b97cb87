"""Labelled triples for training, and files of them.

Files are TSV (CSV by extension, both also gzipped) with a header: head, relation, tail, label, split, and optionally
source, group and population. Labels are 1 or valid, 0 or invalid, not_an_event (invalid, too), and not_applicable.
Rows of one group are the answers to one question, one of them right. A file of pseudo-labels has p in place of label.
"""

import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TextIO

from schemas.errors import BadFile
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
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(str(path), f"not readable ({error})") from error
    default = path.name.partition(".")[0]
    return [e for line, row in enumerate(rows, 2) if (e := _example(row, default, f"line {line}", path)) is not None]


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _example(row: dict[str, str], source: str, where: str, path: Path) -> Example | None:
    head, tail, label = row.get("head"), row.get("tail"), row.get("label")
    if not head or not tail or row.get("relation") not in _RELATIONS:
        raise BadFile(str(path), f"{where} has no head, tail and known relation")
    relation = _RELATIONS[row["relation"]]
    if label == _NOT_APPLICABLE or relation is None or says_none(tail):
        return None
    if label not in _LABELS:
        raise BadFile(str(path), f"{where}: label is {label!r}, allowed are {', '.join(_LABELS)}, {_NOT_APPLICABLE}")
    split = SPLITS.get(row.get("split") or "train")
    if split is None:
        raise BadFile(str(path), f"{where}: split is {row['split']!r}, allowed are train, dev and test")
    return Example(
        head,
        relation,
        tail,
        _LABELS[label],
        "dev" if split == "val" else split,
        row.get("source") or source,
        row.get("group") or "",
        row.get("population") or "",
    )


def apart(
    examples: Iterable[Example], dev_trains: Sequence[str] = ()
) -> tuple[list[Example], list[Example], list[Example]]:
    """Training, dev and test examples. No head of one part is in another.

    A test row of any file takes its head from the other two parts, a dev row from training.
    dev_trains: beginnings of sources whose dev rows train.
    """
    moved = [
        replace(e, split="train") if e.split == "dev" and e.source.startswith(tuple(dev_trains)) else e
        for e in examples
    ]
    tested = {head_key(e.head) for e in moved if e.split == "test"}
    test = [e for e in moved if e.split == "test"]
    dev = [e for e in moved if e.split == "dev" and head_key(e.head) not in tested]
    held_back = tested | {head_key(e.head) for e in dev}
    training = [e for e in moved if e.split == "train" and head_key(e.head) not in held_back]
    return training, dev, test


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
