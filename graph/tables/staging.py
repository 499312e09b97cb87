"""Rows on disk on their way into a store, in parts small enough for a merge in memory.

A hash of the head chooses the part. So all rows of an edge are in one part in any order of the files.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa

from graph.tables.columns import SCHEMA, empty

ROWS_PER_PART = 500_000


@dataclass(frozen=True, slots=True)
class Part:
    """Incoming and stored rows of the same heads."""

    stored: pa.Table
    incoming: pa.Table


class Staging:
    """The files of one load. `with Staging(folder, parts) as staging` creates the folder, and closes the files."""

    def __init__(self, folder: Path, parts: int) -> None:
        self.folder = folder
        self.parts = parts
        self.incoming = 0
        self._writers: dict[tuple[str, int], pa.ipc.RecordBatchStreamWriter] = {}

    def __enter__(self) -> "Staging":
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._finish()

    def put(self, rows: pa.Table) -> None:
        """Add rows of a file."""
        self.incoming += len(rows)
        self._write("incoming", rows)

    def put_stored(self, rows: pa.Table) -> None:
        """Add rows of the store, each edge once."""
        self._write("stored", rows)

    def read(self) -> Iterator[Part]:
        """The parts, one after the other. Nothing may be added afterwards."""
        self._finish()
        for part in range(self.parts):
            yield Part(self._load("stored", part), self._load("incoming", part))

    def _write(self, kind: str, rows: pa.Table) -> None:
        if self.parts == 1:
            self._writer(kind, 0).write_table(rows)
            return
        heads = rows.column("head").combine_chunks().dictionary_encode()
        slots = np.array([crc32(head.encode()) % self.parts for head in heads.dictionary.to_pylist()], np.int32)
        slot = slots[heads.indices.to_numpy()] if len(slots) else slots
        for part in np.unique(slot).tolist():
            self._writer(kind, part).write_table(rows.filter(pa.array(slot == part)))

    def _writer(self, kind: str, part: int) -> pa.ipc.RecordBatchStreamWriter:
        key = (kind, part)
        if key not in self._writers:
            self._writers[key] = pa.ipc.new_stream(str(self._path(kind, part)), SCHEMA)
        return self._writers[key]

    def _load(self, kind: str, part: int) -> pa.Table:
        path = self._path(kind, part)
        if not path.exists():
            return empty()
        with pa.memory_map(str(path)) as file:
            return pa.ipc.open_stream(file).read_all()

    def _path(self, kind: str, part: int) -> Path:
        return self.folder / f"{kind}-{part}.arrows"

    def _finish(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
