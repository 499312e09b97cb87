"""Pairs of events to learn from: labelled ones from files, and those derived from events alone.

Files are TSV with a header: a, b, label (1 same, 0 not), and where there are `kind`, `group` and `split`. A file of
labels on events that are not ours to copy has their checksums, a_checksum and b_checksum, in place of a and b.
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
    """Two events and whether they are the same. Pairs of one group are in one split.

    given_split: train, dev or test where the file says so: then the asked event alone decides, not the stored one.
    """

    a: str
    b: str
    same: bool
    kind: str
    group: str
    given_split: str = ""

    @property
    def split(self) -> str:
        """train, dev or test: 70, 10 and 20 in a hundred groups, the same ones each time."""
        if self.given_split:
            return self.given_split
        part = crc32(self.group.encode()) % 10
        return "test" if part < 2 else "dev" if part == 2 else "train"


def checksum(event: str) -> str:
    """Stands for an event without its text."""
    return blake2s(event.encode(), digest_size=8).hexdigest()


def read_pairs(path: Path, heads: Iterable[str] = ()) -> list[Pair]:
    """The pairs of a file; checksums are resolved by `heads`, and pairs of which one is missing left out.

    Raises BadFile.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(str(path), f"not readable ({error})") from error
    known = {checksum(head): head for head in heads} if rows and "a_checksum" in rows[0] else {}
    pairs: list[Pair] = []
    for line, row in enumerate(rows, 2):
        if "a_checksum" in row:
            a, b, label = known.get(row["a_checksum"]), known.get(row["b_checksum"]), row["label"]
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
    """The pairs with groups: those that share an event, or a group of the file, are of one group.

    Pairs whose split is given join nothing: they would make one group of all.
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
    """Training and dev pairs of several files, and the events that nothing may be trained on.

    The splits of each file hold, whatever the others have: an event that one of them keeps for dev or test is trained
    on from none, and one that it keeps for test is in no dev pair.
    """
    pairs = [pair for file in files for pair in file]
    tested = {text for pair in pairs if pair.split == "test" for text in _new(pair)}
    dev = [pair for pair in pairs if pair.split == "dev" and tested.isdisjoint((pair.a, pair.b))]
    held_back = tested.union(*(_new(pair) for pair in pairs if pair.split == "dev"))
    training = [pair for pair in pairs if pair.split == "train" and held_back.isdisjoint((pair.a, pair.b))]
    return training, dev, held_back


def _new(pair: Pair) -> tuple[str, ...]:
    """Its events that are to be new: in the open world all stored events are known, and only the asked one is new."""
    return (pair.a,) if pair.given_split else (pair.a, pair.b)


def undecided(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Pairs that no rule decides: those that the cross-encoder will meet."""
    for pair in pairs:
        a, b = sides(pair.a), sides(pair.b)
        if difference(a, b) is None and not same_words(a, b):
            yield pair
