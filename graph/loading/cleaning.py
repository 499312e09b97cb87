"""Raw rows checked: each becomes a clean row, is left out by the filters, or is rejected with a reason."""

from dataclasses import dataclass, field
from itertools import product
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from graph.loading.formats import Raw, RowRejected
from graph.tables.columns import REC_COLUMNS, RELATION_CODE, SCHEMA, SPLIT_CODE, VALID_CODE
from schemas.events import MAX_EVENT, MAX_TAIL, canonical, has_letter, is_text, tidy
from schemas.triples import NONE, RECALLS, SPLITS, says_none

MAX_ORIGIN = 100
_CACHED = 1_000_000
_RECALL_CODES = {
    kept: tuple(None if one is None else int(one) for one in kept)
    for kept in product((None, False, True), repeat=len(RECALLS))
}

Clean = tuple[str, int, str, float | None, int]
"""Head, code of the relation, tail, p_valid, and the number of the rest: see Cleaner.rests."""
Rest = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows to take: of a split, scored at least min_p_valid, kept at a recall. None: any."""

    split: str | None = None
    min_p_valid: float | None = None
    recall: str | None = None


@dataclass(slots=True)
class Cleaner:
    """Turns raw rows into clean ones. What repeats, heads and all but tail and score, is checked once.

    `rests` are the distinct (split, valid, rec_0.5 … rec_0.9, origins) as codes; a row has the number of its own.
    """

    filters: Filters
    origin: str | None
    default_origin: str
    rests: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    _heads: dict[str, str] = field(default_factory=dict[str, str])
    _numbers: dict[tuple[Any, ...], int | None] = field(default_factory=dict[tuple[Any, ...], int | None])

    def clean(self, raw: Raw) -> Clean | None:
        """The row, or None where the filters leave it out. Raises RowRejected."""
        head, relation, tail, p_valid, said = raw
        event = self._heads.get(head) if type(head) is str else None
        if event is None:
            event = self._head(head)
        code = RELATION_CODE.get(relation) if type(relation) is str else None
        if code is None:
            raise RowRejected(f"relation: {_shown(relation)} is not one of ATOMIC-2020's 23")
        if not (
            type(tail) is str
            and 5 < len(tail) <= MAX_TAIL
            and tail.isascii()
            and tail.isprintable()
            and tail[0] != " " != tail[-1]
            and "  " not in tail
        ):
            tail = _tail(tail)
        if p_valid is not None and not (type(p_valid) is float and 0 <= p_valid <= 1):
            p_valid = _score(p_valid)
        try:
            number = self._numbers[said]
        except (KeyError, TypeError):
            number = self._number(said)
        if number is None:
            return None
        least = self.filters.min_p_valid
        if least is not None and (p_valid is None or p_valid < least):
            return None
        return (event, code, tail, p_valid, number)

    def table(self, rows: list[Clean]) -> pa.Table:
        """Clean rows as a table of graph.tables.columns.SCHEMA."""
        heads, relations, tails, scores, numbers = zip(*rows, strict=True) if rows else ((),) * 5
        own = {"head": heads, "relation": relations, "tail": tails, "p_valid": scores}
        columns = {name: pa.array(values, SCHEMA.field(name).type) for name, values in own.items()}
        columns["p_valid"] = pc.add(columns["p_valid"], 0.0)  # of the two zeros, the positive one
        columns["log_prob"] = pa.nulls(len(rows), SCHEMA.field("log_prob").type)  # files say none
        which = pa.array(numbers, pa.int32())
        for n, name in enumerate(["split", "valid", *REC_COLUMNS, "origins"]):
            columns[name] = pc.take(pa.array([rest[n] for rest in self.rests], SCHEMA.field(name).type), which)
        return pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)

    def _head(self, head: Any) -> str:
        event = canonical(_string("head", head))
        if not has_letter(event):
            raise RowRejected("head: empty" if not event else f"head: {_shown(event)} has no letter or digit")
        if len(event) > MAX_EVENT:
            raise RowRejected(f"head: {len(event)} characters, at most {MAX_EVENT} are allowed")
        if len(self._heads) >= _CACHED:
            self._heads.clear()
        self._heads[head] = event
        return event

    def _number(self, said: tuple[Any, ...]) -> int | None:
        """The number of the rest of a row, checked; None where the filters leave such rows out."""
        split, valid, recalls, origins = said
        split_code = None if split is None else _split(split)
        valid_code = None if valid is None else _label(valid)
        try:
            codes = _RECALL_CODES[recalls]
        except (KeyError, TypeError):
            raise RowRejected(f"rec_0.5 to rec_0.9: {_shown(recalls)} are not all true or false") from None
        names = self.origin or (self.default_origin if origins is None else _origins(origins))
        wanted = self.filters
        number = None
        if (wanted.split is None or _same_split(split_code, wanted.split)) and (
            wanted.recall is None or codes[RECALLS.index(wanted.recall)]
        ):
            number = len(self.rests)
            self.rests.append((split_code, valid_code, *codes, names))
        if origins is None and type(valid) is not bool and len(self._numbers) < _CACHED:
            self._numbers[said] = number
        return number


def is_origin(name: str) -> bool:
    """A name of a data set or model: printable, not blank, at most MAX_ORIGIN characters."""
    return 0 < len(name) <= MAX_ORIGIN and name.isprintable() and name == name.strip()


def _string(name: str, value: Any) -> str:
    if type(value) is not str:
        raise RowRejected(f"{name}: missing" if value is None else f"{name}: {_shown(value)} is not a text")
    if not is_text(value):
        raise RowRejected(f"{name}: not valid Unicode")
    return value


def _tail(tail: Any) -> str:
    tail = tidy(_string("tail", tail))
    if not tail:
        raise RowRejected("tail: empty")
    if len(tail) > MAX_TAIL:
        raise RowRejected(f"tail: {len(tail)} characters, at most {MAX_TAIL} are allowed")
    return NONE if says_none(tail) else tail


def _score(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise RowRejected(f"p_valid: {_shown(value)} is not a number from 0 to 1")
    return float(value)


def _split(split: Any) -> int:
    code = SPLIT_CODE.get(SPLITS.get(split, "")) if type(split) is str else None
    if code is None:
        raise RowRejected(f"split: {_shown(split)} is not one of " + ", ".join(SPLITS))
    return code


def _label(value: Any) -> int:
    code = VALID_CODE.get(value) if type(value) in (int, float) else None
    if code is None:
        raise RowRejected(f"valid: {_shown(value)} is not one of 2, 1, -1, -2, -9")
    return code


def _origins(value: Any) -> str:
    names = cast(list[Any], value) if isinstance(value, list) else []
    if not names or not all(type(name) is str and is_origin(name) for name in names):
        raise RowRejected(f"origins: {_shown(value)} is not a list of names")
    return "\n".join(sorted(set(names)))


def _same_split(code: int | None, wanted: str) -> bool:
    """dev and val are two names of one thing."""
    names = {"dev", "val"} if wanted in ("dev", "val") else {SPLITS[wanted]}
    return code in {SPLIT_CODE[name] for name in names}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
