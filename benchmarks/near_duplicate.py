"""Near-duplicates against look-alikes: the judge, cosine alone, and GPTCache, on the same pairs.

Training pairs of the judge, and pairs with an event of these, are left out. With --atomic every dev and test head is
asked against the train heads. The report has the share of answers, and the precision of 200 answers by hand labels.
near_duplicate_labels.tsv has these labels, with checksums for the events of ATOMIC.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2s
from math import sqrt
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.report import Goal, finish, parser, say, show
from distill.embedder.embedder import open_embedder
from distill.judge.judge import BUNDLED, Candidate, Judge, open_judge
from distill.judge.pairs import Pair, grouped, read_pairs
from graph.loading.cleaning import Filters
from graph.loading.lines import sources
from graph.loading.reader import read
from graph.tables.columns import triples_of
from schemas.embeddings import Embedder
from schemas.events import canonical

HERE = Path(__file__).parent
OWN = HERE / "near_duplicate_own.jsonl"
LABELS = HERE / "near_duplicate_labels.tsv"
FALSE_HITS = 0.01
DRAWN = 200
NEAREST = 10

KINDS = {
    "role": ("role", "owner"),
    "negation": ("negation",),
    "number": ("number", "numeral"),
    "antonym": ("antonym",),
    "particle": ("particle",),
    "object": ("object", "similar", "modifier", "stage"),
    "paraphrase": (
        "wording",
        "synonym",
        "idiom",
        "paraphrase",
        "order",
        "article",
        "possessive",
        "contraction",
        "hard",
    ),
    "tense": ("tense",),
    "spelling": ("spelling",),
}


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """Pairs of one file with the confidence of each method, (pairs,)."""

    pairs: list[Pair]
    judge: NDArray[np.float64]
    cosine: NDArray[np.float64]

    @property
    def same(self) -> NDArray[np.bool_]:
        return np.array([pair.same for pair in self.pairs])


def main() -> None:
    """The command."""
    options = parser("near_duplicate", __doc__)
    options.add_argument(
        "--pairs", type=Path, action="append", default=[], metavar="FILE", help="labelled pairs, TSV; may repeat"
    )
    options.add_argument("--judge", default=BUNDLED, metavar="NAME", help="the bundled judge, or a folder")
    options.add_argument("--atomic", type=Path, metavar="FILE", help="ATOMIC triples with a split, TSV")
    options.add_argument("--hits", type=Path, metavar="FILE", help="write the drawn hits here, to be labelled")
    options.add_argument(
        "--all-splits", action="store_true", help="measure on all pairs of --pairs, without training pairs among them"
    )
    params = options.parse_args()
    cache = Path(gettempdir()) / "cometgraph-benchmark-models"
    embedder = open_embedder("minilm", 2, cache)
    judge = open_judge(params.judge, cache, 2, lambda *_: None)
    files = {file.stem: _held_out(file, every=params.all_splits) for file in params.pairs} | {"own": _own()}
    scored = {name: _scored(pairs, judge, embedder) for name, pairs in files.items() if pairs}
    everything = ScoreRequest(
        [p for one in scored.values() for p in one.pairs],
        np.concatenate([one.judge for one in scored.values()]),
        np.concatenate([one.cosine for one in scored.values()]),
    )
    results = {name: _measured(one, judge) for name, one in (scored | {"all": everything}).items()}
    kinds = _by_kind(everything, judge)
    open_world = _open_world(params, judge, embedder) if params.atomic else None
    _report(params, judge, results, kinds, open_world)


def _held_out(file: Path, *, every: bool) -> list[Pair]:
    return [pair for pair in read_pairs(file) if every or pair.split == "test"]


def _own() -> list[Pair]:
    rows = [orjson.loads(line) for line in OWN.read_bytes().splitlines()]
    return grouped([Pair(canonical(r["a"]), canonical(r["b"]), r["label"] == 1, r["kind"], "") for r in rows], "own")


def _scored(pairs: list[Pair], judge: Judge, embedder: Embedder) -> ScoreRequest:
    """The confidences of pairs, with a as the asked event and b as the stored one."""
    similarities = _cosines(embedder, [p.a for p in pairs], [p.b for p in pairs])
    candidates = [[Candidate(p.b, float(s))] for p, s in zip(pairs, similarities, strict=True)]
    verdicts = judge.judge([p.a for p in pairs], candidates)
    return ScoreRequest(pairs, np.array([one[0].confidence for one in verdicts]), similarities)


def _cosines(embedder: Embedder, one: Sequence[str], other: Sequence[str]) -> NDArray[np.float64]:
    return np.einsum("ij,ij->i", embedder.embed(one), embedder.embed(other)).astype(np.float64)


def _measured(scored: ScoreRequest, judge: Judge) -> dict[str, Any]:
    same = scored.same
    gptcache = _gptcache_hits(scored.cosine)
    result: dict[str, Any] = {"same": int(same.sum()), "different": int((~same).sum())}
    for name, values in (("judge", scored.judge), ("cosine", scored.cosine)):
        result[f"{name}: recall at {FALSE_HITS:.0%} false hits"] = _recall(values, same)
    result["judge: recall at its threshold"] = _share(scored.judge[same] >= judge.threshold)
    result["judge: false hits at its threshold"] = _share(scored.judge[~same] >= judge.threshold)
    best = _best_threshold(scored.cosine, same)
    result["cosine: best threshold"] = round(best, 3)
    result["cosine: recall there"] = _share(scored.cosine[same] >= best)
    result["cosine: false hits there"] = _share(scored.cosine[~same] >= best)
    result["GPTCache: recall"] = _share(gptcache[same])
    result["GPTCache: false hits"] = _share(gptcache[~same])
    return result


def _recall(values: NDArray[np.float64], same: NDArray[np.bool_]) -> float | None:
    """Share of the same pairs above the least threshold with at most FALSE_HITS of the different pairs."""
    if not same.any() or same.all():
        return None
    different = np.sort(values[~same])[::-1]
    return round(float((values[same] > different[int(FALSE_HITS * len(different))]).mean()), 4)


def _best_threshold(values: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """The threshold with the most right decisions, chosen on the test pairs themselves, in favour of cosine."""
    tried = np.unique(values)
    return float(max(tried, key=lambda t: (same == (values >= t)).mean()))


def _share(hits: NDArray[np.bool_]) -> dict[str, float] | None:
    """A share with its 95 % interval (Wilson, 1927)."""
    n = len(hits)
    if not n:
        return None
    p, z = float(hits.mean()), 1.96
    middle, spread = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return {
        "share": round(p, 4),
        "low": round(max(0.0, (middle - spread) / scale), 4),
        "high": round(min(1.0, (middle + spread) / scale), 4),
    }


def _gptcache_hits(cosines: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for answers of GPTCache: its default evaluation on the squared L2 distance of FAISS."""
    from gptcache import Config
    from gptcache.similarity_evaluation import SearchDistanceEvaluation

    evaluation = SearchDistanceEvaluation()
    least, most = evaluation.range()
    needed = (most - least) * Config().similarity_threshold
    ranks = [evaluation.evaluation({}, {"search_result": (2 - 2 * c, None)}) for c in cosines]
    return np.array(ranks) >= needed


def _by_kind(scored: ScoreRequest, judge: Judge) -> dict[str, dict[str, Any]]:
    kinds: dict[str, list[int]] = defaultdict(list)
    for n, pair in enumerate(scored.pairs):
        kind = pair.kind.removeprefix("gen:")
        kinds[
            next((name for name, words in KINDS.items() if kind.startswith(words) or kind.endswith(words)), "other")
        ].append(n)
    result: dict[str, dict[str, Any]] = {}
    for kind, places in sorted(kinds.items()):
        same = scored.same[places]
        hits, gptcache = scored.judge[places] >= judge.threshold, _gptcache_hits(scored.cosine[places])
        result[kind] = {
            "same": int(same.sum()),
            "different": int((~same).sum()),
            "judge: recall": _share(hits[same]),
            "judge: false hits": _share(hits[~same]),
            "GPTCache: false hits": _share(gptcache[~same]),
        }
    return result


def _open_world(params: argparse.Namespace, judge: Judge, embedder: Embedder) -> dict[str, Any]:
    """Every dev and test head asked against the train heads."""
    splits = _heads(params.atomic)
    stored = sorted(head for head, split in splits.items() if split == "train")
    asked = sorted(head for head, split in splits.items() if split != "train")
    say(f"asking {len(asked):,} heads against {len(stored):,}")
    vectors = embedder.embed(stored)
    hits: list[tuple[str, str, float]] = []
    for start in range(0, len(asked), 256):
        some = asked[start : start + 256]
        likeness = embedder.embed(some) @ vectors.T
        near = np.argpartition(-likeness, NEAREST, axis=1)[:, :NEAREST]
        candidates = [
            [Candidate(stored[j], float(row[j])) for j in places] for row, places in zip(likeness, near, strict=True)
        ]
        for event, verdicts in zip(some, judge.judge(some, candidates), strict=True):
            if verdicts[0].same:
                hits.append((event, verdicts[0].event, verdicts[0].confidence))
    drawn = random.Random(params.seed).sample(hits, min(DRAWN, len(hits)))
    if params.hits is not None:
        params.hits.write_text("".join(f"{pair_checksum(a, b)}\t{a}\t{b}\t{c}\n" for a, b, c in drawn))
    labels = _labels()
    labelled = [labels[key] for a, b, _ in drawn if (key := pair_checksum(a, b)) in labels]
    return {
        "asked": len(asked),
        "stored": len(stored),
        "answered": _share(np.array([True] * len(hits) + [False] * (len(asked) - len(hits)))),
        "labelled": len(labelled),
        "precision": _share(np.array(labelled, dtype=bool)),
    }


def _heads(file: Path) -> dict[str, str]:
    """Each head with its split."""
    splits: dict[str, str] = {}
    for source in sources([str(file)]):
        for chunk in read(source, None, Filters(), None):
            splits |= {t.head: t.split or "train" for t in triples_of(chunk.rows)}
    return splits


def pair_checksum(asked: str, stored: str) -> str:
    """The checksum of a pair of events."""
    return blake2s(f"{asked}\t{stored}".encode(), digest_size=8).hexdigest()


def _labels() -> dict[str, bool]:
    if not LABELS.exists():
        return {}
    rows = [line.split("\t") for line in LABELS.read_text().splitlines()[1:]]
    return {row[0]: row[1] == "1" for row in rows}


def _report(
    params: argparse.Namespace,
    judge: Judge,
    results: dict[str, dict[str, Any]],
    kinds: dict[str, dict[str, Any]],
    open_world: dict[str, Any] | None,
) -> None:
    rows = [[what, *(_shown(results[name].get(what)) for name in results)] for what in results["all"]]
    show(f"The judge {judge.name} ({judge.version}), threshold {judge.threshold}", ["", *results], rows)
    columns = ["same", "different", "judge: recall", "judge: false hits", "GPTCache: false hits"]
    show("By kind", ["", *columns], [[kind, *(_shown(one[c]) for c in columns)] for kind, one in kinds.items()])
    if open_world is not None:
        show("Open world", ["", ""], [[what, _shown(value)] for what, value in open_world.items()])
    at_one = results["all"][f"judge: recall at {FALSE_HITS:.0%} false hits"]
    false_hits = results["all"]["judge: false hits at its threshold"]["share"]
    goals = [
        Goal("same pairs answered at 1 % false hits", at_one, "≥", 0.6, ""),
        Goal("false hits at the threshold", false_hits, "≤", FALSE_HITS, ""),
        *(
            Goal(f"false hits on {kind}", kinds[kind]["judge: false hits"]["share"], "≤", 0.0, "")
            for kind in ("role", "negation")
        ),
    ]
    body = {"judge": {"name": judge.name, "version": judge.version, "threshold": judge.threshold}}
    finish("near_duplicate", params.output, body | {"files": results, "kinds": kinds, "open_world": open_world}, goals)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['share']:.3f} ({value['low']:.3f}–{value['high']:.3f})"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


if __name__ == "__main__":
    main()
