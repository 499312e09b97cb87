"""The file formats that `load` knows: what one line of each says.

- atomic10x: JSONL of West et al. (2022): head, relation, tail or (old dumps) inference, split, rec_0.5 … rec_0.9,
  p_valid_model, valid.
- atomic2020: TSV of Hwang et al. (2021): head, relation, tail; with a header line, the columns that it names.
- atomic2019: CSV of Sap et al. (2019): event, one JSON list of tails for each relation, prefix, split.
- triples: our own JSONL: head, relation, tail, split, p_valid, valid, rec_0.5 … rec_0.9, origins.
"""

import csv
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import orjson

from graph.loading.lines import Block, Source
from graph.tables.columns import RELATION_CODE
from schemas.errors import BadFile, BadInput
from schemas.triples import RECALLS

FORMATS = ("atomic10x", "atomic2020", "atomic2019", "triples")

_NO_RECALLS = (None,) * len(RECALLS)
_COLUMNS = {"head": "head", "event": "head", "relation": "relation", "rel": "relation", "tail": "tail",
            "inference": "tail", "split": "split", "p_valid": "p_valid", "p_valid_model": "p_valid"}  # fmt: skip


class RowRejected(Exception):
    """Why a row is no triple."""


class Raw(NamedTuple):
    """A row as a file says it, nothing checked yet. `rest` is (split, valid, (rec_0.5 … rec_0.9), origins)."""

    head: Any
    relation: Any
    tail: Any
    p_valid: Any
    rest: tuple[Any, Any, tuple[Any, ...], Any]


Parse = Callable[[bytes], Sequence[Raw]]
"""The rows that one line says. Raises RowRejected."""


def check_format(name: str | None) -> None:
    """Raises BadInput for a format nobody knows."""
    if name is not None and name not in FORMATS:
        raise BadInput.of("format", name, "one of " + ", ".join(FORMATS))


def sniff(source: Source, block: Block) -> str:
    """The format that the first block looks like. Raises BadFile where it looks like none."""
    first = _first(source, block)[1]
    if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first:
        raise BadFile(source.name, "binary or UTF-16, where UTF-8 text is expected")
    if first.lstrip().startswith(b"["):
        raise BadFile(source.name, "a JSON array, where one object a line is expected (jq -c '.[]' makes it so)")
    if first.lstrip().startswith(b"{"):
        return "atomic10x" if b'"inference"' in first or b'"p_valid_model"' in first else "triples"
    if b"\t" in first:
        return "atomic2020"
    names = {name.strip().strip('"') for name in first.decode("utf-8", "replace").split(",")}
    if "event" in names and names & RELATION_CODE.keys():
        return "atomic2019"
    raise BadFile(source.name, "no format that we know (" + ", ".join(FORMATS) + "); say which by --format")


def _first(source: Source, block: Block) -> tuple[int, bytes]:
    """The first line that is not blank, and how many are before it."""
    number, line = next(((n, one) for n, one in enumerate(block.lines) if one is None or one.strip()), (0, b""))
    if line is None:
        raise BadFile(source.name, "the first line is too long to be one of a known format")
    return number, line.rstrip(b"\r")


def parser(format: str, source: Source, block: Block) -> tuple[Parse, int]:
    """How to read a line, and how many lines of the first block are header."""
    if format == "atomic2020":
        return _tsv(source, block)
    if format == "atomic2019":
        return _csv(source, block)
    return _json_line, 0


def _json_line(line: bytes) -> Sequence[Raw]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RowRejected(f"bad JSON: {error.msg} at column {error.colno}") from None
    try:
        get = row.get
    except AttributeError:
        raise RowRejected("not a JSON object") from None
    tail = get("tail")
    p_valid = get("p_valid_model")
    return (
        Raw(
            get("head"),
            get("relation"),
            get("inference") if tail is None else tail,
            get("p_valid") if p_valid is None else p_valid,
            (
                get("split"),
                get("valid"),
                (get("rec_0.5"), get("rec_0.6"), get("rec_0.7"), get("rec_0.8"), get("rec_0.9")),
                get("origins"),
            ),
        ),
    )


def _tsv(source: Source, block: Block) -> tuple[Parse, int]:
    before, line = _first(source, block)
    first = [cell.strip() for cell in line.decode("utf-8", "replace").split("\t")]
    if any(cell in RELATION_CODE for cell in first) or not _is_header(first):
        if len(first) < 3:
            raise BadFile(source.name, f"{len(first)} columns, where head, relation, tail are expected")
        names, header = ["head", "relation", "tail"], 0
    else:
        names, header = [_COLUMNS.get(cell.lower(), "") for cell in first], before + 1
        missing = [name for name in ("head", "relation", "tail") if name not in names]
        if missing:
            raise BadFile(source.name, "the header names no column " + ", ".join(missing))
    width = len(first) if header else 3
    place = {name: n for n, name in enumerate(names) if name}

    def parse(line: bytes) -> Sequence[Raw]:
        cells = _text(line).split("\t")
        if len(cells) != width:
            raise RowRejected(f"{len(cells)} columns, where {width} are expected")
        said = {name: cells[n] for name, n in place.items()}
        p_valid = said.get("p_valid") or None
        try:
            score = None if p_valid is None else float(p_valid)
        except ValueError:
            raise RowRejected(f"p_valid: {p_valid!r} is not a number from 0 to 1") from None
        split = said.get("split") or source.split
        return (Raw(said["head"], said["relation"], said["tail"], score, (split, None, _NO_RECALLS, None)),)

    return parse, header


def _is_header(cells: list[str]) -> bool:
    return any(cell.lower() in _COLUMNS for cell in cells)


def _csv(source: Source, block: Block) -> tuple[Parse, int]:
    before, line = _first(source, block)
    try:
        names = next(csv.reader([_text(line)]), list[str]())
    except (RowRejected, csv.Error) as error:
        raise BadFile(source.name, f"its header is no CSV: {error}") from error
    relations = [(n, name) for n, name in enumerate(names) if name in RELATION_CODE]
    if "event" not in names or not relations:
        raise BadFile(source.name, "the header names no column event, or no relation")
    event = names.index("event")
    split = names.index("split") if "split" in names else None

    def parse(line: bytes) -> Sequence[Raw]:
        try:
            cells = next(csv.reader([_text(line)], strict=True))
        except csv.Error as error:
            raise RowRejected(f"bad CSV: {error}") from None
        if len(cells) != len(names):
            raise RowRejected(f"{len(cells)} columns, where {len(names)} are expected")
        said = source.split if split is None else cells[split]
        rest = (said, None, _NO_RECALLS, None)
        return [Raw(cells[event], name, t, None, rest) for n, name in relations for t in _json_list(name, cells[n])]

    return parse, before + 1


def _json_list(name: str, cell: str) -> list[Any]:
    try:
        tails: Any = orjson.loads(cell) if cell.strip() else []
    except orjson.JSONDecodeError:
        raise RowRejected(f"{name}: not a JSON list") from None
    if not isinstance(tails, list):
        raise RowRejected(f"{name}: not a JSON list")
    return cast(list[Any], tails)


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise RowRejected(f"bad UTF-8 at byte {error.start}") from None
