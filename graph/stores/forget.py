"""Removal of an origin from rows, and its counts."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from graph.tables.columns import SCHEMA
from schemas.errors import BadInput
from schemas.triples import NONE, STUDENT

_LISTED = 10
"""Most origins in the message about an unknown one."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Counts of a removal."""

    forgotten: int = 0
    """Deleted edges."""
    none: int = 0
    """Deleted edges with the tail `none`."""
    kept: int = 0
    """Edges with further origins. They stay."""
    inferences: int = 0
    """Deleted inferences: no edge is left."""
    events: int = 0
    """Deleted events: no edge is left."""

    def __add__(self, other: "Forgotten") -> "Forgotten":
        return Forgotten(
            self.forgotten + other.forgotten,
            self.none + other.none,
            self.kept + other.kept,
            self.inferences + other.inferences,
            self.events + other.events,
        )


def unknown_origin(origin: str, origins: Iterable[str]) -> BadInput:
    """The error for an origin without triples. It lists some of the stored `origins`."""
    names = sorted(origins)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    listing = ", ".join(names[:_LISTED]) + more if names else "none: nothing is stored"
    return BadInput.of("origin", origin, f"an origin that the store has ({listing})")


def without(rows: pa.Table, origin: str) -> tuple[pa.Table, Forgotten, set[str]]:
    """Remove an origin from rows.

    Returns the rows with other origins, the counts of edges, and all origins before the removal. A row without any
    student among its origins loses its log_prob.
    """
    encoded = rows.column("origins").combine_chunks().dictionary_encode()
    texts: list[str] = encoded.dictionary.to_pylist()
    before = [text.split("\n") for text in texts]
    after = [[name for name in names if name != origin] for names in before]

    def per_row(values: list[bool]) -> pa.Array:
        return pc.take(pa.array(values, pa.bool_()), encoded.indices)

    stays = per_row([bool(names) for names in after])
    is_kept = per_row([bool(a) and a != b for a, b in zip(after, before, strict=True)])
    no_student = per_row([not any(name.startswith(STUDENT) for name in names) for names in after])
    columns = {name: rows.column(name) for name in SCHEMA.names}
    columns["origins"] = pc.take(pa.array(["\n".join(names) for names in after], pa.string()), encoded.indices)
    loses_log_prob = pc.and_(is_kept, no_student)
    columns["log_prob"] = pc.if_else(loses_log_prob, pa.scalar(None, pa.float64()), columns["log_prob"])
    is_none = pc.equal(rows.column("tail"), NONE)
    counts = Forgotten(
        forgotten=_count(pc.invert(pc.or_(stays, is_none))),
        none=_count(pc.and_not(is_none, stays)),
        kept=_count(is_kept),
    )
    rest = pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA).filter(stays)
    return rest, counts, {name for names in before for name in names}


def _count(mask: pa.ChunkedArray | pa.Array) -> int:
    return pc.sum(mask).as_py() or 0
