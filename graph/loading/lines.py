"""Files as blocks of numbered lines: plain or compressed, a path or standard input, in constant memory."""

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from graph.loading.compression import COMPRESSED, DAMAGE, CountingReader, check_text, decompress
from schemas.errors import BadFile
from schemas.triples import SPLITS

BLOCK = 4 << 20
MAX_LINE = 1 << 20
"""Longest line, in bytes. A longer one is rejected without being kept in memory."""

SUFFIXES = (".tsv", ".csv", ".jsonl", ".json", ".txt")
"""Suffixes of data files in a folder."""
_DATA = (*SUFFIXES, *(suffix + end for suffix in SUFFIXES for end in COMPRESSED))


@dataclass(frozen=True, slots=True)
class Source:
    """One input.

    name: the file's name in messages.
    path: the file, None for standard input.
    split: the split by the file's name, such as train.tsv.
    """

    name: str
    path: Path | None
    split: str | None = None

    @property
    def stem(self) -> str:
        """The name without folder and suffixes: "a/b.tsv.gz" → "b"."""
        return Path(self.name).name.split(".")[0] or "stdin"


@dataclass(frozen=True, slots=True)
class Block:
    """Successive lines of a file.

    first: number of the first line, from 1.
    lines: the lines without their line feeds, None for one over MAX_LINE.
    position: bytes of the file read so far.
    """

    first: int
    lines: list[bytes | None]
    position: int


def sources(files: Sequence[str]) -> list[Source]:
    """The inputs with these names. A folder stands for its data files. Raises BadFile for a missing one."""
    inputs: list[Source] = []
    for name in files:
        path = Path(name)
        if len(name.encode("utf-8", "replace")) > 4000 or len(path.name.encode("utf-8", "replace")) > 255:
            raise BadFile(printable(name)[:80] + "…", "no such file: the name is too long")
        if name == "-" and sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] (closed: <&-)
            raise BadFile("stdin", "closed")
        if name == "-":
            inputs.append(Source("stdin", None))
        elif path.is_dir():
            paths = sorted(p for p in path.iterdir() if p.name.endswith(_DATA) and ".rejected." not in p.name)
            if not paths:
                compressed = ", ".join(COMPRESSED)
                raise BadFile(name, f"a folder without data files ({' '.join(SUFFIXES)}, each also {compressed})")
            inputs.extend(Source(printable(str(p)), p, _split_of(p)) for p in paths)
        elif not path.exists():
            raise BadFile(name, "no such file")
        else:
            inputs.append(Source(printable(name), path, _split_of(path)))
    return inputs


def printable(name: str) -> str:
    """A file's name as valid text, with ? for bytes that are none."""
    return name.encode("utf-8", "replace").decode()


def _split_of(path: Path) -> str | None:
    return SPLITS.get(path.name.split(".")[0])


@contextmanager
def opened(source: Source) -> Generator[Iterator[Block]]:
    """The blocks of a source. Raises BadFile for a file that is missing, damaged or no text."""
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
    reader = CountingReader(raw)
    number, rest, is_over_long, is_start = 1, b"", False, True
    compression: str | None = None
    try:
        stream, compression = decompress(reader)
        while True:
            data = stream.read(BLOCK)
            if is_start:
                check_text(data, name)
                data = data.removeprefix(b"\xef\xbb\xbf")
                is_start = False
            lines: list[bytes | None] = list[bytes | None]((rest + data).split(b"\n"))
            rest = cast(bytes, lines.pop())
            if is_over_long and lines:
                lines[0], is_over_long = None, False
            if is_over_long or len(rest) > MAX_LINE:
                rest, is_over_long = b"", True
            if not data and (rest or is_over_long):
                lines.append(None if is_over_long else rest)
            lines = [line if line is None or len(line) <= MAX_LINE else None for line in lines]
            if lines:
                yield Block(number, lines, reader.position)
                number += len(lines)
            if not data:
                return
    except DAMAGE as error:
        raise BadFile(name, f"damaged or truncated {compression} after line {number - 1}") from error
    except OSError as error:
        if compression is not None and error.errno is None:  # bz2's only sign of damage
            raise BadFile(name, f"damaged or truncated {compression} after line {number - 1}") from error
        raise BadFile(name, f"cannot be read: {error.strerror}") from error
