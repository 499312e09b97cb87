"""Rows of files, checked: each becomes a clean row, is filtered, or is rejected with its line and reason."""

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, product
from typing import Any

import pyarrow as pa

from graph.files import Block, Source, opened
from graph.formats import Parse, Raw, RowRejected, parser, sniff
from graph.rows import RELATION_CODE, SPLIT_CODE, VALID_CODE, Row, table_of
from schemas.errors import BadFile
from schemas.events import MAX_EVENT, MAX_TAIL, canonical, has_letter, is_text, tidy
from schemas.triples import NONE, RECALLS, SPLITS, says_none

MAX_ORIGIN = 100
_CACHED_HEADS = 1_000_000
_RECALL_CODES = {
    kept: tuple(None if one is None else int(one) for one in kept)
    for kept in product((None, False, True), repeat=len(RECALLS))
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows to take: of a split, scored at least min_p_valid, kept at a recall. None: any."""

    split: str | None = None
    min_p_valid: float | None = None
    recall: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is no triple."""

    line: int
    reason: str
    row: str


@dataclass(slots=True)
class Chunk:
    """What some lines said. `read` counts rows: clean ones, filtered ones and rejects."""

    rows: pa.Table
    read: int
    filtered: int
    rejects: list[Reject]
    position: int


@dataclass(slots=True)
class _Cleaner:
    """Turns raw rows into clean ones. Texts that repeat are checked once."""

    filters: Filters
    origin: str | None
    default_origin: str
    heads: dict[str, str] = field(default_factory=dict[str, str])
    splits: dict[str, int] = field(default_factory=dict[str, int])

    def clean(self, raw: Raw) -> Row | None:
        """The row, or None where the filters leave it out. Raises RowRejected."""
        head = self.heads.get(raw.head) if type(raw.head) is str else None
        if head is None:
            head = self._head(raw.head)
        relation = RELATION_CODE.get(raw.relation) if type(raw.relation) is str else None
        if relation is None:
            raise RowRejected(f"relation: {_shown(raw.relation)} is not one of ATOMIC-2020's 23")
        tail = raw.tail
        if not (
            type(tail) is str
            and 5 < len(tail) <= MAX_TAIL
            and tail.isascii()
            and tail.isprintable()
            and tail[0] != " " != tail[-1]
            and "  " not in tail
        ):
            tail = self._tail(tail)
        split = self.splits.get(raw.split) if type(raw.split) is str else None
        if split is None and raw.split is not None:
            split = self._split(raw.split)
        p_valid = raw.p_valid
        if p_valid is not None and not (type(p_valid) is float and 0 <= p_valid <= 1):
            p_valid = _score(p_valid)
        valid = None if raw.valid is None else _label(raw.valid)
        try:
            recalls = _RECALL_CODES[raw.recalls]
        except (KeyError, TypeError):
            raise RowRejected(f"rec_0.5 to rec_0.9: {_shown(raw.recalls)} are not all true or false") from None
        origins = self.origin or (self.default_origin if raw.origins is None else _origins(raw.origins))

        wanted = self.filters
        if wanted.split is not None and not _same_split(split, wanted.split):
            return None
        if wanted.min_p_valid is not None and (p_valid is None or p_valid < wanted.min_p_valid):
            return None
        if wanted.recall is not None and not recalls[RECALLS.index(wanted.recall)]:
            return None
        return (head, relation, tail, split, p_valid, valid, *recalls, origins)  # pyright: ignore[reportReturnType]

    def _head(self, head: Any) -> str:
        event = canonical(_string("head", head))
        if not has_letter(event):
            raise RowRejected("head: empty" if not event else f"head: {_shown(event)} has no letter or digit")
        if len(event) > MAX_EVENT:
            raise RowRejected(f"head: {len(event)} characters, at most {MAX_EVENT} are allowed")
        if len(self.heads) >= _CACHED_HEADS:
            self.heads.clear()
        self.heads[head] = event
        return event

    @staticmethod
    def _tail(tail: Any) -> str:
        tail = tidy(_string("tail", tail))
        if not tail:
            raise RowRejected("tail: empty")
        if len(tail) > MAX_TAIL:
            raise RowRejected(f"tail: {len(tail)} characters, at most {MAX_TAIL} are allowed")
        return NONE if says_none(tail) else tail

    def _split(self, split: Any) -> int:
        code = SPLIT_CODE.get(SPLITS.get(split, "")) if type(split) is str else None
        if code is None:
            raise RowRejected(f"split: {_shown(split)} is not one of " + ", ".join(SPLITS))
        self.splits[split] = code
        return code


def read(source: Source, format: str | None, filters: Filters, origin: str | None) -> Iterator[Chunk]:
    """All rows of a source, in chunks. Raises BadFile where the file as a whole is not readable."""
    # Millions of live rows make each collection of the garbage collector long, and leave it nothing to find.
    with opened(source) as blocks, _no_garbage_collection():
        first = next(blocks, None)
        if first is None:
            if format is None:
                raise BadFile(source.name, "empty, so its format cannot be told; name it by --format to load it anyway")
            return
        format = format or sniff(source, first)
        parse, header = parser(format, source, first)
        cleaner = _Cleaner(filters, origin, source.stem if format == "triples" else format)
        for block in chain([first], blocks):
            yield _chunk(block, parse, cleaner, header if block is first else 0)


@contextmanager
def _no_garbage_collection() -> Generator[None]:
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _chunk(block: Block, parse: Parse, cleaner: _Cleaner, skip: int) -> Chunk:
    rows: list[Row] = []
    rejects: list[Reject] = []
    read = filtered = 0
    clean = cleaner.clean
    for number, line in enumerate(block.lines, block.first):
        if number < block.first + skip or (line is not None and not line.strip()):
            continue
        try:
            if line is None:
                raise RowRejected("over-long line (over 1 MiB)")
            raws = parse(line.rstrip(b"\r"))
        except RowRejected as why:
            read += 1
            rejects.append(_reject(number, why, line))
            continue
        for raw in raws:
            read += 1
            try:
                row = clean(raw)
            except RowRejected as why:
                rejects.append(_reject(number, why, line))
                continue
            if row is None:
                filtered += 1
            else:
                rows.append(row)
    return Chunk(table_of(rows), read, filtered, rejects, block.position)


def _reject(number: int, why: RowRejected, line: bytes | None) -> Reject:
    return Reject(number, str(why), "" if line is None else line[:2000].decode("utf-8", "replace"))


def _string(name: str, value: Any) -> str:
    if type(value) is not str:
        raise RowRejected(f"{name}: missing" if value is None else f"{name}: {_shown(value)} is not a text")
    if not is_text(value):
        raise RowRejected(f"{name}: not valid Unicode")
    return value


def _score(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise RowRejected(f"p_valid: {_shown(value)} is not a number from 0 to 1")
    return float(value)


def _label(value: Any) -> int:
    code = VALID_CODE.get(value) if type(value) in (int, float) else None
    if code is None:
        raise RowRejected(f"valid: {_shown(value)} is not one of 2, 1, -1, -2, -9")
    return code


def _origins(value: Any) -> str:
    if not isinstance(value, list) or not all(type(name) is str and is_origin(name) for name in value):  # pyright: ignore
        raise RowRejected(f"origins: {_shown(value)} is not a list of names")
    return "\n".join(sorted(set(value)))  # pyright: ignore[reportUnknownArgumentType]


def is_origin(name: str) -> bool:
    """A name of a data set or model: printable, not blank, at most MAX_ORIGIN characters."""
    return 0 < len(name) <= MAX_ORIGIN and name.isprintable() and name == name.strip()


def _same_split(code: int | None, wanted: str) -> bool:
    """dev and val are two names of one thing."""
    names = {"dev", "val"} if wanted in ("dev", "val") else {wanted}
    return code in {SPLIT_CODE[name] for name in names}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
