"""The answers of `cometgraph infer --input`: OUT.part grows during the run, and becomes OUT at its end."""

import fcntl
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from schemas.errors import BadInput


@dataclass(slots=True)
class AnswerFile:
    """Answers and problems, one a line, flushed line by line.

    number: lines so far, earlier runs included.
    part: the growing file. None for standard output, pipes and devices.
    """

    _file: IO[bytes]
    part: Path | None = None
    number: int = 0

    def earlier(self) -> Iterator[bytes]:
        """The whole lines of an earlier run, counted. A last line without its end is cut off after them."""
        self._file.seek(0)
        end = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            self.number += 1
            yield line
        self._file.truncate(end)

    def write(self, line: bytes) -> None:
        """Add a line."""
        self._file.write(line)
        self._file.flush()
        self.number += 1


@contextmanager
def answer_file(target: str | None, *, resume: bool) -> Generator[AnswerFile]:
    """The file of answers. It takes the name of the target at the end, and stays a part after any error.

    Raises BadInput for a target without write access, and for the part of another run unless it is resumed.
    """
    if target is None:
        yield AnswerFile(sys.stdout.buffer)
        return
    final = final_path(target)
    if final is None:
        with _opened(Path(target), target, "wb") as file:
            yield AnswerFile(file)
        return
    part = part_path(final)
    with _opened(part, target, "a+b") as file:
        _lock(file, target)
        try:
            if os.fstat(file.fileno()).st_size and not resume:
                raise BadInput.of(
                    "output",
                    target,
                    f"free to begin anew: {part.name} has answers of a run that was stopped. --resume goes on with "
                    "it; delete it to begin anew",
                )
            yield AnswerFile(file, part)
            os.fsync(file.fileno())
            part.replace(final)
        finally:
            if not os.fstat(file.fileno()).st_size:
                part.unlink(missing_ok=True)


def final_path(target: str) -> Path | None:
    """The file of the target, links followed. None for a pipe or a device: it has no part."""
    path = Path(target)
    return path.resolve() if not path.exists() or path.is_file() else None


def part_path(final: Path) -> Path:
    """The growing file of a target."""
    return final.with_name(final.name + ".part")


def _opened(path: Path, target: str, mode: str) -> IO[bytes]:
    try:
        return path.open(mode)
    except OSError as error:
        raise BadInput.of("output", target, f"a file that can be written ({error.strerror})") from error


def _lock(file: IO[bytes], target: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BadInput.of("output", target, "free: another process writes its answers there") from error
