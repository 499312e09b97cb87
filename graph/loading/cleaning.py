"""Checks of raw rows: each becomes a row, is left out by the filters, or is rejected with a reason."""

import re
from dataclasses import dataclass, field
from itertools import product
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from graph.loading.raw import Raw, RowRejected, UnreadableCell, quote
from graph.loading.tails import is_missing, is_none, tail_of
from graph.tables.columns import REC_COLUMNS, RELATION_CODE, SCHEMA, SPLIT_CODE, VALID_CODE
from schemas.events import MAX_EVENT, MAX_TAIL, canonical, has_letter, is_text
from schemas.triples import RECALLS, SPLITS

MAX_ORIGIN = 100
_CACHED = 1_000_000
_RECALL_CODES = {
    recalls: tuple(None if flag is None else int(flag) for flag in recalls)
    for recalls in product((None, False, True), repeat=len(RECALLS))
}
_FOLDED_RELATIONS = {name.casefold(): code for name, code in RELATION_CODE.items()}
_TIDY_TAIL = re.compile(r"[A-MO-Za-mo-z0-9][!-~]*+(?: [!-~]++)*+")
"""Most tails. They need no tidying, and beyond five characters they are no spelling of "none", which begins with n."""

Row = tuple[str, int, str, float | None, int]
"""Head, code of the relation, tail, p_valid, and the index of its provenance in Cleaner.provenances."""
Provenance = tuple[Any, ...]
"""Codes of split and valid, of rec_0.5 … rec_0.9, the origins, sorted and joined by line feeds, and the critic."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Rows to load: of a split, with at least min_p_valid, kept by the critic at a recall. None: any."""

    split: str | None = None
    min_p_valid: float | None = None
    recall: str | None = None


@dataclass(slots=True)
class Cleaner:
    """Turns raw rows into rows. Each distinct head, relation and provenance is checked once.

    filters: the rows to load.
    origin: the origin of all rows, None: as the rows say.
    default_origin: the origin of rows without one.
    provenances: the distinct ones so far.
    """

    filters: Filters
    origin: str | None
    default_origin: str
    provenances: list[Provenance] = field(default_factory=list[Provenance])
    _heads: dict[str, str] = field(default_factory=dict[str, str])
    _relations: dict[str, int] = field(default_factory=RELATION_CODE.copy)
    _indices: dict[tuple[Any, ...], int | None] = field(default_factory=dict[tuple[Any, ...], int | None])

    def clean(self, raw: Raw) -> Row | None:
        """The row, None for one that the filters leave out. Raises RowRejected."""
        head, relation, tail, p_valid, provenance = raw
        event = self._heads.get(head) if type(head) is str else None
        if event is None:
            event = self._head(head)
        code = self._relations.get(relation) if type(relation) is str else None
        if code is None:
            code = self._relation(relation)
        if not (type(tail) is str and 5 < len(tail) <= MAX_TAIL and _TIDY_TAIL.fullmatch(tail)):
            tail = tail_of(_string("tail", tail))
        if p_valid is not None and not (type(p_valid) is float and 0 <= p_valid <= 1):
            p_valid = _score(p_valid)
        try:
            # A dict takes True for 1, a label. Only the checks tell them apart.
            index = self._index(provenance) if provenance[1] is True else self._indices[provenance]
        except (KeyError, TypeError):
            index = self._index(provenance)
        if index is None:
            return None
        threshold = self.filters.min_p_valid
        if threshold is not None and (p_valid is None or p_valid < threshold):
            return None
        return (event, code, tail, p_valid, index)

    def table(self, rows: list[Row]) -> pa.Table:
        """Rows as a table of graph.tables.columns.SCHEMA."""
        heads, relations, tails, scores, indices = zip(*rows, strict=True) if rows else ((),) * 5
        own = {"head": heads, "relation": relations, "tail": tails, "p_valid": scores}
        columns = {name: pa.array(values, SCHEMA.field(name).type) for name, values in own.items()}
        columns["p_valid"] = pc.add(columns["p_valid"], 0.0)  # of the two zeros, the positive one
        columns["log_prob"] = pa.nulls(len(rows), SCHEMA.field("log_prob").type)  # no file format has it
        index = pa.array(indices, pa.int32())
        for n, name in enumerate(["split", "valid", *REC_COLUMNS, "origins", "critic"]):
            values = pa.array([provenance[n] for provenance in self.provenances], SCHEMA.field(name).type)
            columns[name] = pc.take(values, index)
        columns["critic"] = pc.if_else(pc.is_valid(columns["p_valid"]), columns["critic"], pa.scalar(None, pa.string()))
        return pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)

    def _head(self, head: Any) -> str:
        event = canonical(_string("head", head))
        if not has_letter(event):
            raise RowRejected("head: empty" if not event else f"head: {quote(event)} has no letter or digit")
        if is_missing(event) or is_none(event):
            raise RowRejected(f"head: {quote(event)} stands for an empty cell")
        if len(event) > MAX_EVENT:
            raise RowRejected(f"head: {len(event)} characters, at most {MAX_EVENT} are allowed")
        if len(self._heads) >= _CACHED:
            self._heads.clear()
        self._heads[head] = event
        return event

    def _relation(self, relation: Any) -> int:
        """The code of a relation in any case, within blanks or brackets, with the prefix of KGTK or ConceptNet."""
        bare = relation.strip(" \t\r\n<>[]").removeprefix("at:").removeprefix("/r/") if type(relation) is str else ""
        code = _FOLDED_RELATIONS.get(bare.casefold())
        if code is None:
            raise RowRejected(f"relation: {quote(relation)} is not one of the {len(RELATION_CODE)} relations")
        if len(self._relations) < _CACHED:
            self._relations[relation] = code
        return code

    def _index(self, raw: tuple[Any, ...]) -> int | None:
        """The index of a provenance, checked. None for one that the filters leave out."""
        split, valid, recalls, origins, critic = raw
        split_code = None if split is None else _split(split)
        valid_code = None if valid is None else _label(valid)
        try:
            codes = _RECALL_CODES[recalls]
        except (KeyError, TypeError):
            raise RowRejected(f"rec_0.5 to rec_0.9: {quote(recalls)} are not all true or false") from None
        names = self.origin or (self.default_origin if origins is None else _origins(origins))
        if critic is not None and not (type(critic) is str and is_origin(critic)):
            raise RowRejected(f"critic: {quote(critic)} is not a name")
        filters = self.filters
        index = None
        if (filters.split is None or _same_split(split_code, filters.split)) and (
            filters.recall is None or codes[RECALLS.index(filters.recall)]
        ):
            index = len(self.provenances)
            self.provenances.append((split_code, valid_code, *codes, names, critic))
        if origins is None and len(self._indices) < _CACHED:
            self._indices[raw] = index
        return index


def is_origin(name: str) -> bool:
    """True for a name of a data set or model: printable, not blank, at most MAX_ORIGIN characters."""
    return 0 < len(name) <= MAX_ORIGIN and name.isprintable() and name == name.strip()


def _string(name: str, value: Any) -> str:
    if isinstance(value, UnreadableCell):
        raise RowRejected(value.reason)
    if type(value) is not str:
        raise RowRejected(f"{name}: missing" if value is None else f"{name}: {quote(value)} is not a text")
    if not is_text(value):
        raise RowRejected(f"{name}: not valid Unicode")
    return value


def _score(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise RowRejected(f"p_valid: {quote(value)} is not a number from 0 to 1")
    return float(value)


def _split(split: Any) -> int:
    code = SPLIT_CODE.get(SPLITS.get(split, "")) if type(split) is str else None
    if code is None:
        raise RowRejected(f"split: {quote(split)} is not one of " + ", ".join(SPLITS))
    return code


def _label(value: Any) -> int:
    code = VALID_CODE.get(value) if type(value) in (int, float) else None
    if code is None:
        raise RowRejected(f"valid: {quote(value)} is not one of 2, 1, -1, -2, -9")
    return code


def _origins(value: Any) -> str:
    names = cast(list[Any], value) if isinstance(value, list) else []
    if not names or not all(type(name) is str and is_origin(name) for name in names):
        raise RowRejected(f"origins: {quote(value)} is not a list of names")
    return "\n".join(sorted(set(names)))


def _same_split(code: int | None, wanted: str) -> bool:
    """True for the same split. dev and val are one."""
    names = {"dev", "val"} if wanted in ("dev", "val") else {SPLITS[wanted]}
    return code in {SPLIT_CODE[name] for name in names}
