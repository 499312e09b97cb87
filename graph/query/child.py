"""A reader process: it runs strangers' queries, one after the other, within limits that the kernel keeps.

It may be lost at any moment. Its environment is empty, it can make no file grow, and its memory and time are bounded.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from graph.query import frames
from graph.query.values import Budget

MEMORY = 768 << 20
"""Bytes of address space that queries may take beyond those of the open store."""

NICE = 10
"""Niceness of queries. On scarce cores they get a tenth of the service's time."""

_FREE_READINGS = 3
"""Readings that a checkpoint of the writer may spoil, before one that keeps it waiting."""


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
    """A query with its caps."""

    text: str
    parameters: dict[str, Any]
    columns: list[str] | None
    """Names in place of those of the store."""
    rows: int
    bytes: int
    seconds: float
    id: str
    """A name of this query, for the store's list of transactions."""
    is_planned: bool = False
    """The plan of this text has passed."""


class ReaderStore(Protocol):
    """A store as a reader process sees it."""

    def seal(self) -> None:
        """Give up rights that no query needs."""
        ...

    def opened(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """The store as it is now. alone: no checkpoint comes meanwhile. Raises UnavailableError."""
        ...

    def answer(self, request: Request) -> tuple[list[str], Iterator[list[Any]]]:
        """Columns and rows. Raises RefusedError, EndedError, UnavailableError."""
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
    """Answer requests from standard input until its end. The first message names the store."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    config = frames.read(source)
    if config is None:
        return
    module: Any = import_module(config.pop("module"))
    _limit_files()
    with Path("/proc/self/statm").open() as memory:
        try:
            store: ReaderStore = module.open_reader(**config)
        except Exception as error:
            frames.write(target, {"error": "unavailable", "message": str(error)})
            return
        _limit_memory(int(memory.read().split()[0]))
    store.seal()
    os.nice(NICE)
    frames.write(target, {"ready": True})
    while (message := frames.read(source)) is not None:
        request = Request(**message)
        with _limited_time(request.seconds):
            for answer in _answers(store, request):
                frames.write(target, answer)


def _answers(store: ReaderStore, request: Request) -> Iterator[dict[str, Any]]:
    """The messages of one answer: "opened" before the query runs, columns, rows, and the end. Or an error."""
    try:
        with store.opened():
            yield {"opened": True}
        columns, rows, is_truncated = _result(store, request)
    except RefusedError as error:
        yield {"error": "refused", "message": str(error), "line": error.line, "column": error.column}
    except EndedError as error:
        yield {"error": "ended", "message": str(error)}
    except MemoryError:
        yield {"error": "ended", "message": "the query ran out of memory"}
    except UnavailableError as error:
        yield {"error": "unavailable", "message": str(error)}
    except Exception as error:
        traceback.print_exc()
        yield {"error": "unavailable", "message": f"the reader failed: {type(error).__name__}"}
    else:
        yield {"columns": columns}
        for start in range(0, len(rows), frames.ROWS):
            yield {"rows": rows[start : start + frames.ROWS]}
        yield {"truncated": is_truncated}


def _result(store: ReaderStore, request: Request) -> tuple[list[str], list[list[Any]], bool]:
    for alone in (*(False,) * _FREE_READINGS, True):
        with store.opened(alone=alone):
            result = _read(store, request)
        if store.is_valid():
            return result
    raise UnavailableError("the graph changes all the time")


def _read(store: ReaderStore, request: Request) -> tuple[list[str], list[list[Any]], bool]:
    """One reading. It keeps nothing of the store, which could not be closed otherwise."""
    columns, values = store.answer(request)
    rows, budget = list[list[Any]](), Budget(request.bytes)
    has_more = False
    for row in values:
        has_more = len(rows) == request.rows or budget.left <= 0
        if has_more:
            break
        rows.append([store.plain(value, budget) for value in row])
    store.finish()
    return request.columns or columns, rows, has_more or budget.is_cut


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
