"""A generated graph of ATOMIC-10x's shape, as ATOMIC-10x JSONL: python -m benchmarks.data FILE --triples N

At full size 165 thousand events and 6.5 million triples over 7 relations, each edge once, rows of an event together;
a smaller one has as many triples an event. Which tail a row has follows a Zipf law, in each relation with other tails
in front. Texts are as long as ATOMIC's (heads about 30 characters, tails about 20) and mean as little as they may.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

FULL = 6_500_000
RELATIONS = ("xNeed", "xIntent", "xWant", "xEffect", "xReact", "xAttr", "HinderedBy")
_TRIPLES_PER_EVENT = 6_500_000 / 165_000
_TRIPLES_PER_TEXT = 8
_READ_AS_EVENTS = 32
_SCORES = 4096
_BATCH = 200_000

_VERBS, _KINDS, _THINGS = (
    words.split()
    for words in (
        "buy fix lose find sell clean paint bring borrow draw pack open close move hide share count check keep drop "
        "air order sort lend fold return burn film measure praise hang cover weigh pick wrap mend lift load want "
        "guard watch need show use see take rent",
        "old new red blue heavy broken small large warm cold spare empty wooden shiny dusty narrow second last cheap "
        "strange quiet rusty bright lost big thin wide soft dry wet round green clean torn plain long good best odd",
        "car boat lamp letter coat kettle ladder piano tent basket garden window camera blanket bicycle table bag "
        "suitcase mirror painting radio shelf bucket drum wallet hammer carpet curtain notebook oven sofa violin wagon "
        "pot map hat toy desk book bed fence watch key chair box cup door rope",
    )
)
_WHEN = [
    *("", " today", " at noon", " at home", " on Monday", " in May", " at night", " in town", " by hand", " again"),
    *(" for PersonY", " in a hurry", " with a friend", " before work", " after school", " at sea"),
]
_RECALL_BOUNDS = {"rec_0.5": 0.93, "rec_0.6": 0.89, "rec_0.7": 0.83, "rec_0.8": 0.73, "rec_0.9": 0.56}


def write(path: Path, triples: int, seed: int = 1) -> None:
    """Write so many triples, to the last one, the same for the same seed."""
    rng = np.random.default_rng(seed)
    events = max(1, round(triples / _TRIPLES_PER_EVENT))
    heads = _heads(events, rng)
    tails = _tails(max(64, triples // _TRIPLES_PER_TEXT), heads, rng)
    edges = _edges(triples, events, len(tails), rng)
    scores = rng.beta(6, 1.5, _SCORES)
    splits = rng.choice(["train", "val", "test"], events, p=[0.8, 0.1, 0.1]).tolist()

    # A row is three ready pieces: 6.5 million of them take seconds.
    quoted = [orjson.dumps(tail) for tail in tails]
    starts = [b'{"head": %b, "relation": "%b", "tail": ' % (orjson.dumps(head), name.encode())
              for head in heads for name in RELATIONS]  # fmt: skip
    ends = {split: [_end(split, score) for score in scores.tolist()] for split in ("train", "val", "test")}
    with path.open("wb") as file:
        for first in range(0, triples, _BATCH):
            pair, tail = np.divmod(edges[first : first + _BATCH], len(tails))
            score = rng.integers(_SCORES, size=len(pair))
            rows = zip(pair.tolist(), tail.tolist(), score.tolist(), strict=True)
            lines: list[bytes] = [starts[p] + quoted[t] + ends[splits[p // len(RELATIONS)]][s] for p, t, s in rows]
            file.write(b"".join(lines))


def _heads(count: int, rng: np.random.Generator) -> list[str]:
    return [f"PersonX {text}" for text in _texts(count, [f"{verb}s the" for verb in _VERBS], rng)]


def _tails(count: int, heads: list[str], rng: np.random.Generator) -> list[str]:
    """Distinct texts; some of them are events, as in ATOMIC, where an effect is what may happen next."""
    events = min(len(heads), count // _READ_AS_EVENTS)
    return [head.removeprefix("PersonX ") for head in heads[:events]] + list(_texts(count - events, _VERBS, rng))


def _texts(count: int, verbs: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """So many distinct phrases in no order, as short as they can be; beyond millions, numbers tell them apart."""
    phrases = [f"{verb} {kind} {thing}" for verb, kind, thing in product(verbs, _KINDS, _THINGS)]
    rounds = -(-count // len(phrases))
    endings = [_WHEN[n % len(_WHEN)] + (f" {n // len(_WHEN)}" if n >= len(_WHEN) else "") for n in range(rounds)]
    chosen = [place for n in range(rounds) for place in (n * len(phrases) + rng.permutation(len(phrases))).tolist()]
    places: list[int] = rng.permutation(chosen[:count]).tolist()
    return (phrases[p % len(phrases)] + endings[p // len(phrases)] for p in places)


def _edges(count: int, events: int, tails: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Sorted codes ((event, relation), tail) of `count` distinct edges."""
    shares = np.cumsum(1 / np.arange(1, tails + 1))
    order = np.array([rng.permutation(tails) for _ in RELATIONS])
    edges = np.array([], np.int64)
    while len(edges) < count:
        missing = count - len(edges) + (count - len(edges)) // 8 + 1
        pair = rng.integers(events * len(RELATIONS), size=missing)
        rank: NDArray[np.int64] = np.searchsorted(shares, rng.random(missing) * shares[-1])
        edges = np.unique(np.concatenate([edges, pair * tails + order[pair % len(RELATIONS), rank]]))
    return np.sort(rng.choice(edges, count, replace=False))


def _end(split: str, score: float) -> bytes:
    kept = {name: score >= bound for name, bound in _RECALL_BOUNDS.items()}
    fields = orjson.dumps({"split": split} | kept | {"p_valid_model": score})
    return b", " + fields[1:].replace(b":", b": ").replace(b",", b", ") + b"\n"


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.data", description=(__doc__ or "").split("\n")[0])
    options.add_argument("file", type=Path, metavar="FILE")
    options.add_argument("--triples", type=int, default=FULL, metavar="N", help=f"default {FULL:,}")
    options.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    said = options.parse_args()
    write(said.file, said.triples, said.seed)


if __name__ == "__main__":
    main()
