"""Small files, their rows, and loads by the command line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.loading.cleaning import Filters
from graph.loading.lines import sources
from graph.loading.reader import Reject, read
from graph.tables.columns import triples_of
from tests.support.server import cometgraph

TENX = {"head": "PersonX waits", "relation": "xWant", "tail": "to go", "split": "val", "p_valid_model": 0.9,
        "rec_0.5": False, "rec_0.6": True, "rec_0.7": True, "rec_0.8": True, "rec_0.9": True, "valid": 2}  # fmt: skip


def run_load(folder: Path, *arguments: str, **options: Any) -> dict[str, Any]:
    """Load into `folder`/store. Returns the report, with every row accounted for."""
    report = folder / "report.json"
    done = cometgraph("load", *arguments, "--store", str(folder / "store"), "--report", str(report), **options)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    counts = json.loads(report.read_text())
    parts = ("loaded", "present", "duplicate", "filtered", "none", "rejected")
    assert counts["read"] == sum(counts[part] for part in parts), counts
    return counts


def ask(folder: Path, event: str, *relations: str) -> list[dict[str, Any]]:
    """The inferences of `cometgraph infer` from `folder`/store."""
    flags = [flag for relation in relations for flag in ("-r", relation)]
    done = cometgraph("infer", event, *flags, "--json", "--store", str(folder / "store"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["inferences"]


def jsonl(path: Path, *rows: dict[str, Any] | str) -> str:
    """Write objects and raw lines. Returns the file's name."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


@dataclass(frozen=True, slots=True)
class Rows:
    """The triples of a file as (head, relation, tail), their origins and splits, and the rejected rows."""

    triples: list[tuple[str, str, str]]
    origins: set[str]
    splits: list[str | None]
    rejects: list[Reject]
    read: int

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Line and reason of each rejected row."""
        return [(reject.line, reject.reason) for reject in self.rejects]


def rows_of(path: Path, data: str | bytes, format: str | None = None, columns: str | None = None) -> Rows:
    """Write a file and read it. Every row is accounted for."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    [source] = sources([str(path)])
    chunks = list(read(source, format, Filters(), None, columns))
    triples = [triple for chunk in chunks for triple in triples_of(chunk.rows)]
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    count = sum(chunk.read for chunk in chunks)
    assert count == len(triples) + len(rejects)
    return Rows(
        [(triple.head, triple.relation.value, triple.tail) for triple in triples],
        {origin for triple in triples for origin in triple.origins},
        [triple.split for triple in triples],
        rejects,
        count,
    )
