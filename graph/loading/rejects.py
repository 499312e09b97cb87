"""Rejected rows, written to a file beside their source."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import orjson

from graph.loading.lines import Source
from graph.loading.reader import Reject
from schemas.errors import BadFile


class Rejects:
    """Writes the rejected rows of FILE to FILE.rejected.jsonl, whole or not at all.

    A load without rejected rows removes the file of an earlier load. If the folder of FILE is read-only, the current
    folder is used. Raises BadFile if both are.
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
            part = path.with_name(path.name + ".part")
            try:
                file = part.open("wb")
            except OSError:
                file = self._here(Path(part.name))
            self._open[path] = file
        return self._open[path]

    @staticmethod
    def _here(part: Path) -> IO[bytes]:
        try:
            return part.open("wb")
        except OSError as error:
            raise BadFile(part.name[:80], f"the rejected rows cannot be written ({error.strerror})") from error

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for file in self._open.values():
            file.close()
            part = Path(file.name)
            if kind is None:
                final = part.with_name(part.name.removesuffix(".part"))
                part.replace(final)
                self.files.append(str(final))
            else:
                part.unlink()
        if kind is None:
            for path in set(self._stale) - self._open.keys():
                with suppress(OSError):
                    path.unlink()
