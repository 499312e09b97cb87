"""What a store does with a stranger's query: its limits and its rows."""

from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """The limits of strangers' queries."""

    seconds: float = 5.0
    """Time of one query."""
    rows: int = 1_000
    """Rows of one result."""
    bytes: int = 4 << 20
    """Size of one result, in bytes of JSON."""
    slots: int = 4
    """Queries at once."""
    ahead: bool = False
    """Start reader processes ahead of the queries. False: the first query starts one."""

    def rows_of(self, limit: int | None) -> int:
        """Most rows of a query with a limit of its own, or without."""
        return self.rows if limit is None else min(limit, self.rows)


DEFAULT_LIMITS = QueryLimits()


@dataclass(slots=True)
class Rows:
    """The result of a query. All values are JSON."""

    columns: list[str]
    number: int
    """Number of rows."""
    truncated: bool
    """There are more rows, or a value is cut."""
    lines: list[bytes] = field(default_factory=list[bytes])
    """The rows, each a JSON list with a line feed behind it, in parts of any length."""

    @property
    def rows(self) -> list[list[Any]]:
        """The rows as values."""
        return [orjson.loads(line) for line in b"".join(self.lines).splitlines()]
