"""Rejected rows, written to a file beside their source."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import IO

import orjson

from graph.loading.lines import Source
from graph.loading.reader import Reject
from schemas.errors import BadFile


class Rejects:
    """Writes the rejected rows of FILE to FILE.rejected.jsonl, whole or not at all.

    A load without rejected rows removes the file of an earlier load. If the folder of FILE is read-only, the current
    folder is used, with a number for the second file of the same name. Raises BadFile if both are.
    """

    def __init__(self) -> None:
        self.files: list[str] = []
        self._open: dict[Path, IO[bytes]] = {}
        self._stale: list[Path] = []

    def __enter__(self) -> "Rejects":
        return self

    def write(self, source: Source, rejects: Sequence[Reject]) -> None:
        path = Path(f"{source.name}.rejected.jsonl")
        if path not in self._open and not rejects:
            self._stale.append(path)
        for reject in rejects:
            line = {"line": reject.line, "reason": reject.reason, "row": reject.row}
            self._file(path).write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def _file(self, path: Path) -> IO[bytes]:
        if path not in self._open:
            try:
                file = self._new(path)
            except OSError:
                file = self._here(path.name)
            self._open[path] = file
        return self._open[path]

    def _here(self, name: str) -> IO[bytes]:
        try:
            return self._new(Path(name))
        except OSError as error:
            raise BadFile(name[:80], f"the rejected rows cannot be written ({error.strerror})") from error

    def _new(self, path: Path) -> IO[bytes]:
        """A part for `path`, or for this name with a number if another source has it."""
        taken = {Path(file.name).resolve() for file in self._open.values()}
        stem = path.name.removesuffix(".jsonl")
        names = chain([path.name], (f"{stem}.{n}.jsonl" for n in count(2)))
        parts = (path.with_name(f"{name}.part") for name in names)
        return next(part for part in parts if part.resolve() not in taken).open("wb")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for path in set(self._stale) - self._open.keys():
                with suppress(OSError):
                    path.unlink()
        for file in self._open.values():
            file.close()
            part = Path(file.name)
            if kind is None:
                final = part.with_name(part.name.removesuffix(".part"))
                part.replace(final)
                self.files.append(str(final))
            else:
                part.unlink()
