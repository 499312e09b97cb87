"""Files as blocks of numbered lines: plain or gzip, a path or standard input, in constant memory."""

import gzip
import sys
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from schemas.errors import BadFile
from schemas.triples import SPLITS

BLOCK = 4 << 20
MAX_LINE = 1 << 20
"""Longest line that is read, in bytes; a longer one is rejected without being kept in memory."""

SUFFIXES = (".tsv", ".csv", ".jsonl", ".json", ".txt")


@dataclass(frozen=True, slots=True)
class Source:
    """One input: its name in messages, its path (None: standard input), the split that its name says."""

    name: str
    path: Path | None
    split: str | None = None

    @property
    def stem(self) -> str:
        """The name without folder and suffixes: "a/b.tsv.gz" → "b"."""
        return Path(self.name).name.split(".")[0] or "stdin"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines without their line ends, the first one's number, and how many bytes of the file have been read.

    None stands for a line over MAX_LINE.
    """

    first: int
    lines: list[bytes | None]
    position: int


def sources(files: Sequence[str]) -> list[Source]:
    """The inputs that `files` name; a folder stands for its data files. Raises BadFile where there is none."""
    found: list[Source] = []
    for name in files:
        path = Path(name)
        if len(name.encode("utf-8", "replace")) > 4000 or len(path.name.encode("utf-8", "replace")) > 255:
            raise BadFile(printable(name)[:80] + "…", "no such file: the name is too long")
        if name == "-" and sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] (closed: <&-)
            raise BadFile("stdin", "closed")
        if name == "-":
            found.append(Source("stdin", None))
        elif path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.name.removesuffix(".gz").endswith(SUFFIXES))
            inside = [p for p in inside if ".rejected." not in p.name]
            if not inside:
                raise BadFile(name, "a folder without data files (" + " ".join(SUFFIXES) + ", each also .gz)")
            found.extend(Source(printable(str(p)), p, _split_of(p)) for p in inside)
        elif not path.exists():
            raise BadFile(name, "no such file")
        else:
            found.append(Source(printable(name), path, _split_of(path)))
    return found


def printable(name: str) -> str:
    """A file's name as text that can be shown and written, whatever its bytes are."""
    return name.encode("utf-8", "replace").decode()


def _split_of(path: Path) -> str | None:
    return SPLITS.get(path.name.split(".")[0])


@contextmanager
def opened(source: Source) -> Generator[Iterator[Block]]:
    """The blocks of a source. Raises BadFile for what cannot be opened or is damaged on the way."""
    try:
        raw = sys.stdin.buffer if source.path is None else source.path.open("rb")
    except OSError as error:
        raise BadFile(source.name, f"cannot be opened: {error.strerror}") from error
    try:
        yield _blocks(raw, source.name)
    finally:
        if source.path is not None:
            raw.close()


def _blocks(raw: BinaryIO, name: str) -> Iterator[Block]:
    counted = _Counted(raw)
    try:
        magic = counted.peek(2)
    except OSError as error:
        raise BadFile(name, f"cannot be read: {error.strerror}") from error
    stream = (
        cast(BinaryIO, gzip.GzipFile(fileobj=cast(BinaryIO, counted)))
        if magic == b"\x1f\x8b"
        else cast(BinaryIO, counted)
    )
    number, rest, skipping, start = 1, b"", False, True
    while True:
        try:
            data = stream.read(BLOCK)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadFile(name, f"damaged or truncated gzip after line {number - 1}") from error
        except OSError as error:
            raise BadFile(name, f"cannot be read: {error.strerror}") from error
        if start and data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
        start = False
        lines: list[bytes | None] = list[bytes | None]((rest + data).split(b"\n"))
        rest = cast(bytes, lines.pop())
        if skipping and lines:
            lines[0], skipping = None, False
        if skipping or len(rest) > MAX_LINE:
            rest, skipping = b"", True
        if not data and (rest or skipping):
            lines.append(None if skipping else rest)
        lines = [line if line is None or len(line) <= MAX_LINE else None for line in lines]
        if lines:
            yield Block(number, lines, counted.position)
            number += len(lines)
        if not data:
            return


class _Counted:
    """A binary stream that counts the bytes read from it, for progress in compressed files."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._ahead = b""
        self.position = 0

    def peek(self, size: int) -> bytes:
        self._ahead = self._raw.read(size)
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        if self._ahead:
            data, self._ahead = self._ahead, b""
            if size > len(data):
                data += self._raw.read(size - len(data))
        else:
            data = self._raw.read(size)
        self.position += len(data)
        return data
