"""What a call log holds: for lists, exports and reports. Any number of runs may write to it meanwhile."""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from distill.teacher.calls import Cost, State, Usage
from schemas.errors import StoreUnavailable


@dataclass(frozen=True, slots=True)
class Total:
    """The attempts of a run and stage in one state.

    cost: real for `answered`, the ceiling for `sent` and `unknown`, nothing for `refused`.
    cached: prompt tokens from the server's prefix cache.
    """

    run: str
    stage: str
    state: State
    cost: Cost
    cached: int


def attempts(path: Path) -> Iterator[dict[str, Any]]:
    """All attempts with their calls, in the order of sending. Requests and headers are JSON values.

    Raises StoreUnavailable for a file that is no call log, as all functions here.
    """
    with _reading(path) as db:
        columns = "a.*, c.stage, c.url, c.request, c.again"
        for row in db.execute(f"SELECT {columns} FROM attempts a JOIN calls c ON c.key = a.call ORDER BY a.id"):
            values = dict(row)
            values["request"] = orjson.loads(values["request"])
            values["headers"] = orjson.loads(values["headers"]) if values["headers"] is not None else None
            yield values


def totals(path: Path) -> list[Total]:
    """The totals of each run, stage and state, in the order of their first attempts."""
    with _reading(path) as db:
        query = (
            "SELECT a.run, c.stage, a.state, count(*), sum(a.tokens), sum(a.nanodollars), sum(a.cached_tokens) "
            "FROM attempts a JOIN calls c ON c.key = a.call GROUP BY a.run, c.stage, a.state ORDER BY min(a.id)"
        )
        return [
            Total(run, stage, state, Cost(count, tokens, nanodollars), cached)
            for run, stage, state, count, tokens, nanodollars, cached in db.execute(query)
        ]


def by_state(path: Path, run: str | None = None) -> dict[State, Cost]:
    """The cost of all attempts by state. run: of this run alone, else of all runs together. Empty without a log."""
    costs: dict[State, Cost] = {}
    for total in totals(path) if path.exists() else ():
        if run not in (None, total.run):
            continue
        costs[total.state] = costs.get(total.state, Cost()) + total.cost
    return costs


def answered_calls(path: Path) -> dict[str, Usage]:
    """The usage of each call with a reply, by key. Empty without a log."""
    if not path.exists():
        return {}
    with _reading(path) as db:
        query = "SELECT call, prompt_tokens, cached_tokens, completion_tokens FROM attempts WHERE state = 'answered'"
        return {call: Usage(*tokens) for call, *tokens in db.execute(query)}


@contextmanager
def _reading(path: Path) -> Generator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=60)) as database:
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA query_only = ON")  # not mode=ro: such a reader leaves -wal and -shm behind
            database.execute("SELECT 1 FROM attempts LIMIT 1")
            yield database
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path} cannot be read as a call log ({error})") from error
