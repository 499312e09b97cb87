"""A reader process: it runs strangers' queries, one after the other, within limits that the kernel keeps.

It reads their texts, too: the text fence runs here, within the same limits. The process may be lost at any moment. Its
environment is empty, it can make no file grow, and its memory and time are bounded.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

import orjson

from graph.query import frames
from graph.query.fence import Statement, fenced
from graph.query.functions import Dialect
from graph.query.values import Budget
from schemas.errors import BadInput, BadQuery

MEMORY = 768 << 20
"""Bytes of address space that queries may take beyond those of the open store."""

NICE = 10
"""Niceness of a reader process. On scarce cores it gets a tenth of the time of the service."""

_FREE_READINGS = 3
"""Readings that a checkpoint of the writer may spoil, before one that keeps it waiting."""


Stage = Literal["text", "opening", "query"]
"""Where a query is. Only a process that is lost at the opening lost it by no fault of the query."""


class RefusedError(Exception):
    """The store refuses the query. line and column: 0 where it names none."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class EndedError(Exception):
    """The query ran out of time or memory."""


class UnavailableError(Exception):
    """The store does not answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """A stranger's query with its caps."""

    text: str
    parameters: dict[str, Any]
    rows: int
    bytes: int
    seconds: float
    id: str
    """A name of this query, for the store's list of transactions."""


class ReaderStore(Protocol):
    """A store as a reader process sees it."""

    def seal(self) -> None:
        """Give up rights that no query needs."""
        ...

    def opened(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """The store as it is now. alone: no checkpoint comes meanwhile. Raises UnavailableError."""
        ...

    def answer(self, statement: Statement, request: Request) -> tuple[list[str], Iterator[list[Any]]]:
        """Columns and rows of the statement of a request. Raises RefusedError, EndedError, UnavailableError."""
        ...

    def plain(self, value: Any, budget: Budget) -> Any:
        """A value as JSON."""
        ...

    def finish(self) -> None:
        """Complete the values of the result."""
        ...

    def is_valid(self) -> bool:
        """False: the result may mix two states of the store, so it is thrown away."""
        ...


def main() -> None:
    """Answer requests from standard input until its end.

    The first message names the store, and the dialect of the text fence: none for tests of what stands behind it.
    """
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    config = frames.read(source)
    if config is None:
        return
    os.nice(NICE)
    module: Any = import_module(config.pop("module"))
    dialect: Dialect | None = config.pop("dialect")
    store = _opened(module, config)
    frames.write(target, frames.packed({"ready": True}))
    while (message := frames.read(source)) is not None:
        request = Request(**message)
        with _limited_time(request.seconds):
            _answer(store, dialect, request, target)


def _opened(module: Any, config: dict[str, Any]) -> ReaderStore | str:
    """The store. The reason if it cannot be opened: what the text fence refuses needs no store."""
    _limit_files()
    with Path("/proc/self/statm").open() as memory:
        try:
            store: ReaderStore | str = module.open_reader(**config)
        except Exception as error:
            store = str(error)
        _limit_memory(int(memory.read().split()[0]))
    if not isinstance(store, str):
        store.seal()
    return store


def _answer(store: ReaderStore | str, dialect: Dialect | None, request: Request, target: BinaryIO) -> None:
    """Send the stages of a query, then its result or its error."""

    def enter(stage: Stage) -> None:
        frames.write(target, frames.packed({"stage": stage}))

    try:
        enter("text")
        statement = _statement(request, dialect)
        enter("opening")
        if isinstance(store, str):
            raise UnavailableError(store)
        with store.opened():
            enter("query")
        columns, rows, is_truncated = _result(store, statement, request)
        lines = _lines(rows)
        end = {"columns": columns, "rows": len(rows), "truncated": is_truncated, "bytes": len(lines)}
        frames.write(target, frames.packed(end), *map(frames.framed, frames.parts(lines)))
    except (BadInput, RefusedError, EndedError, MemoryError, RecursionError, UnavailableError) as error:
        frames.write(target, frames.packed(_message(error)))
    except Exception as error:
        traceback.print_exc()
        message = f"the reader failed: {type(error).__name__}"
        frames.write(target, frames.packed({"error": "unavailable", "message": message}))


def _message(error: Exception) -> dict[str, Any]:
    """An error as a message. See graph.query.reader.error_of."""
    match error:
        case BadQuery():
            [field] = error.errors
            where = {"line": error.line, "column": error.column}
            return {"error": "query", "value": field.value, "reason": error.reason, "allowed": field.allowed} | where
        case BadInput():
            return {"error": "input", "errors": [asdict(field) for field in error.errors]}
        case RefusedError():
            return {"error": "refused", "message": str(error), "line": error.line, "column": error.column}
        case EndedError():
            return {"error": "ended", "message": str(error)}
        case RecursionError():
            return {"error": "refused", "message": "a value is nested too deeply", "line": 0, "column": 0}
        case MemoryError():
            return {"error": "ended", "message": "the query ran out of memory"}
        case _:
            return {"error": "unavailable", "message": str(error)}


def _statement(request: Request, dialect: Dialect | None) -> Statement:
    """What the text fence lets pass. Raises BadInput, BadQuery."""
    if dialect is None:
        return Statement(request.text, request.parameters, None)
    return fenced(request.text, request.parameters, dialect, request.rows)


def _result(store: ReaderStore, statement: Statement, request: Request) -> tuple[list[str], list[list[Any]], bool]:
    for alone in (*(False,) * _FREE_READINGS, True):
        with store.opened(alone=alone):
            result = _read(store, statement, request)
        if store.is_valid():
            return result
    raise UnavailableError("the graph changes all the time")


def _read(store: ReaderStore, statement: Statement, request: Request) -> tuple[list[str], list[list[Any]], bool]:
    """One reading. It keeps nothing of the store, which could not be closed otherwise."""
    columns, values = store.answer(statement, request)
    rows, budget = list[list[Any]](), Budget(request.bytes)
    has_more = False
    for row in values:
        has_more = len(rows) == request.rows or budget.left <= 0
        if has_more:
            break
        rows.append([store.plain(value, budget) for value in row])
    store.finish()
    return statement.columns or columns, rows, has_more or budget.is_cut


def _lines(rows: list[list[Any]]) -> bytes:
    """Each row as JSON, with a line feed behind it."""
    try:
        return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    except orjson.JSONEncodeError as error:
        raise RefusedError(f"a value is no JSON: {error}") from error


def _limit_files() -> None:
    """No file grows. An error in place of the signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_memory(pages: int) -> None:
    """Bytes of address space. pages: taken now."""
    size = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


@contextmanager
def _limited_time(seconds: float) -> Generator[None]:
    """CPU seconds of one request: the last resort, if nobody is left to kill this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + 2 * seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
    yield
    resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
