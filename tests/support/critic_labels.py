"""Labelled triples for small critics, from the sample's graph: a tail of its event is valid, one of another is not."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from tests.support.server import ROOT

COLUMNS = ("head", "relation", "tail", "label", "split", "source", "group", "population")


def sample_rows(events: int, population: str = "student") -> list[dict[str, str]]:
    """Two rows of each relation of so many events, one valid. Six in ten events train, two are dev, two test."""
    triples = [json.loads(line) for line in (ROOT / "graph" / "sample.jsonl").read_text().splitlines()]
    heads = list(dict.fromkeys(t["head"] for t in triples))[:events]
    draw = random.Random(0)
    rows: list[dict[str, str]] = []
    for n, head in enumerate(heads):
        split = ("train", "train", "train", "dev", "test")[n % 5]
        own = {t["relation"]: t["tail"] for t in triples if t["head"] == head and t["tail"] != "none"}
        for relation, tail in own.items():
            others = [t["tail"] for t in triples if t["relation"] == relation and t["head"] != head]
            for label, text in (("valid", tail), ("invalid", draw.choice(others))):
                if text != "none":
                    values = (head, relation, text, label, split, f"{population}:small", "", population)
                    rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def write_labels(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    """Write rows as TSV."""
    lines = ["\t".join(COLUMNS), *("\t".join(row[column] for column in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path
