"""Taking back what a data set or model said: which rows stay, and what is to say where it said nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from graph.tables.columns import SCHEMA
from schemas.errors import BadInput
from schemas.triples import NONE, STUDENT

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of the edges of an origin, and of their nodes.

    forgotten: edges that are gone; none: edges saying "does not apply" that are gone; kept: edges that others say, too;
    inferences, events: nodes that were left without any edge and are gone.
    """

    forgotten: int = 0
    none: int = 0
    kept: int = 0
    inferences: int = 0
    events: int = 0

    def __add__(self, other: "Forgotten") -> "Forgotten":
        return Forgotten(
            self.forgotten + other.forgotten,
            self.none + other.none,
            self.kept + other.kept,
            self.inferences + other.inferences,
            self.events + other.events,
        )


def unknown_origin(origin: str, known: Iterable[str]) -> BadInput:
    """The error where nothing is stored of an origin."""
    names = sorted(known)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    said = ", ".join(names[:_NAMED]) + more if names else "none: nothing is stored"
    return BadInput.of("origin", origin, f"an origin that the store has ({said})")


def without(rows: pa.Table, origin: str) -> tuple[pa.Table, Forgotten, set[str]]:
    """The rows that stay when an origin is forgotten, the counts of edges, and all origins that there were."""
    encoded = rows.column("origins").combine_chunks().dictionary_encode()
    texts: list[str] = encoded.dictionary.to_pylist()
    before = [text.split("\n") for text in texts]
    after = [[name for name in names if name != origin] for names in before]

    def each(of_text: list[bool]) -> pa.Array:
        return pc.take(pa.array(of_text, pa.bool_()), encoded.indices)

    stays = each([bool(names) for names in after])
    is_kept = each([bool(a) and a != b for a, b in zip(after, before, strict=True)])
    no_student = each([not any(name.startswith(STUDENT) for name in names) for names in after])
    columns = {name: rows.column(name) for name in SCHEMA.names}
    columns["origins"] = pc.take(pa.array(["\n".join(names) for names in after], pa.string()), encoded.indices)
    lost = pc.and_(is_kept, no_student)
    columns["log_prob"] = pc.if_else(lost, pa.scalar(None, pa.float64()), columns["log_prob"])
    is_none = pc.equal(rows.column("tail"), NONE)
    counts = Forgotten(
        forgotten=_how_many(pc.invert(pc.or_(stays, is_none))),
        none=_how_many(pc.and_not(is_none, stays)),
        kept=_how_many(is_kept),
    )
    left = pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA).filter(stays)
    return left, counts, {name for names in before for name in names}


def _how_many(true: pa.ChunkedArray | pa.Array) -> int:
    return pc.sum(true).as_py() or 0
