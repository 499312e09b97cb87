"""What near-duplicates cost: a question end to end, building the index, searching it, and how much its search misses.

python -m benchmarks.match_speed --data FILE     heads of a data set, here ATOMIC's; without, a generated graph's

The events are the heads of FILE, and five times as many by adding endings to them. Asked are texts that are no event.
End to end is GET /infer?mode=near_duplicate by HTTP, one after the other: read, embedded, searched by vector and by
words, judged, looked up. Recall is against an exact search over the embedder's own vectors. Build and embedder alone
are measured in turns, on the same events.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from benchmarks import data
from benchmarks.processes import matching
from benchmarks.report import Goal, finish, parser, say, show
from distill.embedder.embedder import open_embedder
from distill.weights.minilm import MINILM
from graph.loading.cleaning import Filters
from graph.loading.lines import sources
from graph.loading.loader import Options, load
from graph.loading.reader import read
from graph.stores.connect import open_store
from graph.stores.protocol import silent
from graph.vectors.build import complete
from graph.vectors.connect import open_index
from graph.vectors.protocol import VectorIndex
from schemas.embeddings import Embedder, EmbedderInfo, Vectors

K = 10
_ENDINGS = ("", " today", " with a friend", " again", " in the evening")
_ASKED_ENDING = " at last"
_WARM_UP = 50


def heads_of(file: str, format_: str | None) -> list[str]:
    """The distinct heads of a data file, in order."""
    found: dict[str, None] = {}
    for source in sources([file]):
        for chunk in read(source, format_, Filters(), "benchmark"):
            found |= dict.fromkeys(chunk.rows.column("head").to_pylist())
    return list(found)


async def main() -> None:
    options = parser("match_speed", __doc__)
    options.add_argument("--data", metavar="FILE", help="whose heads are the events; else a generated graph's")
    options.add_argument("--format", metavar="NAME", help="see cometgraph load")
    options.add_argument("--threads", type=int, default=2, metavar="N", help="of the embedder, default 2")
    options.add_argument("--asked", type=int, default=1000, metavar="N", help="texts asked, default 1000")
    options.add_argument("--sizes", default="1,5", metavar="N,N", help="events, as multiples of the heads")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="cometgraph-bench-") as name:
        folder = Path(name)
        file = asked.data
        if file is None:
            file = str(folder / "generated.jsonl")
            data.write(Path(file), 1_300_000, asked.seed)
        heads = heads_of(file, asked.format)
        embedder = await asyncio.to_thread(open_embedder, MINILM, asked.threads, folder / "models")
        rng = np.random.default_rng(asked.seed)
        texts = [heads[n] + _ASKED_ENDING for n in rng.choice(len(heads), min(asked.asked, len(heads)), replace=False)]
        alone = _embed_alone(embedder, texts)
        rows = [
            await _measure(
                [head + ending for ending in _ENDINGS[: int(size)] for head in heads], texts, embedder, folder
            )
            for size in asked.sizes.split(",")
        ]
        embedder.close()
    _tell(rows, alone, asked.output)


def _embed_alone(embedder: Embedder, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds of embedding one text."""
    took: list[float] = []
    for text in texts[:300]:
        started = time.perf_counter()
        embedder.embed([text])
        took.append(1000 * (time.perf_counter() - started))
    return _percentiles(took)


async def _measure(events: list[str], texts: list[str], embedder: Embedder, folder: Path) -> dict[str, Any]:
    file = folder / "events.tsv"
    file.write_text("".join(f"{event}\txWant\tto rest\n" for event in dict.fromkeys(events)))
    async with open_store(str(folder / f"store-{len(events)}")) as store:
        await load(store, sources([str(file)]), Options(origin="benchmark"), silent)
        async with open_index(store, EmbedderInfo.by(embedder)) as index:
            stored = await index.missing()
            say(f"{len(stored):,} events: the embedder alone")
            started = time.perf_counter()
            vectors = embedder.embed(stored)
            alone = time.perf_counter() - started
            say(f"{len(stored):,} events: building the index")
            started = time.perf_counter()
            await complete(index, embedder, silent)
            build = time.perf_counter() - started
            said = await _search(index, stored, vectors, texts, embedder)
    asked_ms = _ask(folder / f"store-{len(events)}", folder / "models", texts)
    return {
        "events": len(stored),
        "end_to_end_ms": asked_ms,
        "embedder_events_per_s": len(stored) / alone,
        "build_events_per_s": len(stored) / build,
        "build_beside_embedder": alone / build,
    } | said


async def _search(
    index: VectorIndex, stored: list[str], vectors: Vectors, texts: list[str], embedder: Embedder
) -> dict[str, Any]:
    asked = embedder.embed(texts)
    took: list[float] = []
    hits = 0
    for vector in asked:
        started = time.perf_counter()
        [near] = await index.nearest(vector[None], K)
        took.append(1000 * (time.perf_counter() - started))
        best = np.argpartition(-(vectors @ vector), K)[:K]
        hits += len({one.event for one in near} & {stored[n] for n in best})
    return {"nearest_ms": _percentiles(took), f"recall_at_{K}": hits / (K * len(asked))}


def _ask(store: Path, cache: Path, texts: list[str]) -> dict[str, float]:
    """Milliseconds of a question whose answer is a near-duplicate, or that there is none."""
    say(f"asking {len(texts):,} questions")
    took: list[float] = []
    with matching(str(store), "--cache", str(cache)) as client:
        for text in texts:
            started = time.perf_counter()
            said = client.get("/infer", params={"event": text, "mode": "near_duplicate"})
            took.append(1000 * (time.perf_counter() - started))
            if said.status_code not in (httpx2.codes.OK, httpx2.codes.NOT_FOUND):
                raise SystemExit(f"{text}: {said.text}")
    return _percentiles(took[_WARM_UP:])


def _percentiles(took: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took, n=100)
    return {"p50": cuts[49], "p99": cuts[98]}


def _tell(rows: list[dict[str, Any]], alone: dict[str, float], output: Path) -> None:
    table = [
        [
            f"{row['events']:,} events",
            f"{row['end_to_end_ms']['p50']:.1f}",
            f"{row['end_to_end_ms']['p99']:.1f}",
            f"{row['embedder_events_per_s']:,.0f}",
            f"{row['build_events_per_s']:,.0f}",
            f"{row['build_beside_embedder']:.2f}",
            f"{row['nearest_ms']['p50']:.2f}",
            f"{row['nearest_ms']['p99']:.2f}",
            f"{row[f'recall_at_{K}']:.4f}",
        ]
        for row in rows
    ]
    columns = ["", "/infer p50 ms", "p99", "embedder/s", "build/s", "ratio", "nearest p50 ms", "p99", f"recall@{K}"]
    show("By events", columns, table)
    show("Embedding one text", ["", "p50 ms", "p99 ms"], [["minilm", f"{alone['p50']:.2f}", f"{alone['p99']:.2f}"]])
    first, last = rows[0], rows[-1]
    goals = [Goal(f"end to end, {first['events']:,} events, p50", first["end_to_end_ms"]["p50"], "≤", 15, "ms")]
    if last is not first:
        growth = last["end_to_end_ms"]["p50"] / first["end_to_end_ms"]["p50"]
        goals.append(Goal(f"end to end, {last['events']:,} events beside {first['events']:,}", growth, "≤", 1.3))
    goals += [Goal("build beside the embedder alone", row["build_beside_embedder"], "≥", 0.9) for row in rows]
    goals += [Goal(f"recall@{K}, {row['events']:,} events", row[f"recall_at_{K}"], "≥", 0.99, "") for row in rows]
    finish("match_speed", output, {"index": rows, "embed_ms": alone}, goals)


if __name__ == "__main__":
    asyncio.run(main())
