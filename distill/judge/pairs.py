"""Labelled pairs of events for training.

Files are TSV with a header: a, b, label (1 same, 0 not), optionally `kind`, `group` and `split`. For events under other
licences a file has checksums, a_checksum and b_checksum, in place of a and b.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2s
from pathlib import Path
from zlib import crc32

from distill.judge.rules import difference, same_words, sides
from schemas.errors import BadFile
from schemas.events import canonical


@dataclass(frozen=True, slots=True)
class Pair:
    """Two events with their label.

    a, b: the events, b the stored one.
    same: the label.
    kind: of the pair, for weights and reports.
    group: pairs of one group are in one split.
    given_split: train, dev or test of the asked event, from the file. Empty without it.
    """

    a: str
    b: str
    same: bool
    kind: str
    group: str
    given_split: str = ""

    @property
    def split(self) -> str:
        """train, dev or test: 70, 10 and 20 % of the groups, by their checksum."""
        if self.given_split:
            return self.given_split
        part = crc32(self.group.encode()) % 10
        return "test" if part < 2 else "dev" if part == 2 else "train"


def checksum(event: str) -> str:
    """The checksum of an event, in hexadecimal digits."""
    return blake2s(event.encode(), digest_size=8).hexdigest()


def read_pairs(path: Path, heads: Iterable[str] = ()) -> list[Pair]:
    """The pairs of a file. Raises BadFile.

    path: of the TSV file.
    heads: events for the checksums. Pairs with another checksum are left out.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(str(path), f"not readable ({error})") from error
    by_checksum = {checksum(head): head for head in heads} if rows and "a_checksum" in rows[0] else {}
    pairs: list[Pair] = []
    for line, row in enumerate(rows, 2):
        if "a_checksum" in row and "b_checksum" in row:
            a, b, label = by_checksum.get(row["a_checksum"]), by_checksum.get(row["b_checksum"]), row.get("label")
            if a is None or b is None:
                continue
        else:
            a, b, label = row.get("a"), row.get("b"), row.get("label")
        if not a or not b or label not in ("0", "1"):
            raise BadFile(str(path), f"line {line} has no a, b and label 0 or 1")
        kind = row.get("kind") or row.get("rule") or row.get("source") or "labelled"
        group, split = row.get("group") or "", row.get("split") or ""
        if split not in ("", "train", "dev", "test"):
            raise BadFile(str(path), f"line {line}: split is {split!r}, allowed are train, dev and test")
        pairs.append(Pair(canonical(a), canonical(b), label == "1", kind, group, split))
    return grouped(pairs, path.stem)


def grouped(pairs: Sequence[Pair], name: str) -> list[Pair]:
    """The pairs with groups. Pairs with a common event or a common group of the file are in one group.

    Pairs with a given split join no groups, since they would join all groups to one.
    """
    leader: dict[str, str] = {}

    def root(node: str) -> str:
        while leader.setdefault(node, node) != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for pair in pairs:
        if pair.given_split:
            continue
        nodes = [pair.a, pair.b, *([f"{name} {pair.group}"] if pair.group else [])]
        for node in nodes[1:]:
            leader[root(node)] = root(nodes[0])
    return [replace(p, group=root(p.a)) for p in pairs]


def apart(files: Iterable[Sequence[Pair]]) -> tuple[list[Pair], list[Pair], set[str]]:
    """Training pairs and dev pairs of several files, and the held-out events.

    The split of each file holds for all files: no training pair has a dev or test event, no dev pair has a test event.
    """
    pairs = [pair for file in files for pair in file]
    tested = {text for pair in pairs if pair.split == "test" for text in _new(pair)}
    dev = [pair for pair in pairs if pair.split == "dev" and tested.isdisjoint((pair.a, pair.b))]
    held_back = tested.union(*(_new(pair) for pair in pairs if pair.split == "dev"))
    training = [pair for pair in pairs if pair.split == "train" and held_back.isdisjoint((pair.a, pair.b))]
    return training, dev, held_back


def _new(pair: Pair) -> tuple[str, ...]:
    """The new events of a pair. With a given split only the asked event is new, since the store has the other."""
    return (pair.a,) if pair.given_split else (pair.a, pair.b)


def undecided(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The pairs without a verdict of a rule. The cross-encoder reads these."""
    for pair in pairs:
        a, b = sides(pair.a), sides(pair.b)
        if difference(a, b) is None and not same_words(a, b):
            yield pair
