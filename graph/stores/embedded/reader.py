"""The embedded graph in a reader process, for strangers' queries.

A read-only ladybug still reads and writes any file, loads extensions and runs several statements. So while it runs a
query, this process may open no file and no socket (RLIMIT_NOFILE), and Landlock keeps it from folders and renames.
"""

import decimal  # noqa: F401  # pyright: ignore[reportUnusedImport] (ladybug imports these with the first parameter)
import resource
import uuid  # noqa: F401  # pyright: ignore[reportUnusedImport] (likewise)
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

import ladybug

from graph.query.child import EndedError, RefusedError, Request, UnavailableError
from graph.query.fence import Statement
from graph.query.values import Budget
from graph.stores.embedded.folder import pages_locked, read_manifest
from graph.stores.embedded.landlock import read_only
from schemas.errors import StoreUnavailable

BUFFER_POOL = 256 << 20
"""Bytes of memory for pages of the graph file."""
_ADDRESSES = 1 << 34
"""Bytes of address space for a graph file. More, in powers of two, for a larger one."""
_LONGEST = 500
"""Characters of an error of ladybug. It quotes values of the query."""
_MOST_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
_State = tuple[tuple[int, int, int] | None, ...]
"""Each file's number, size and time of change: graph, log, manifest."""


def open_reader(folder: str) -> "EmbeddedReader":
    """The reader of a store. Raises UnavailableError."""
    reader = EmbeddedReader(Path(folder))
    with reader.opened():
        reader.warm_up()
    return reader


class EmbeddedReader:
    """See graph.query.child.ReaderStore. It reopens the graph after every change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database: ladybug.Database | None = None
        self._files: list[Path] = []
        self._state: _State = ()
        self._ends = _Ends()

    @contextmanager
    def opened(self, *, alone: bool = False) -> Generator[None]:
        with ExitStack() as lock:
            if alone or not self._is_current():
                with _open_files():
                    lock.enter_context(pages_locked(self._folder, shared=True))
                    if not self._is_current():
                        self._open()
            if not alone:
                lock.close()
            yield

    def _is_current(self) -> bool:
        return self._database is not None and self._current() == self._state

    def _open(self) -> None:
        """Open the current graph, as the writer's last change left its files. Raises UnavailableError."""
        self._close()
        try:
            manifest = read_manifest(self._folder)
        except StoreUnavailable as error:
            raise UnavailableError(str(error)) from error
        if manifest is None:
            raise UnavailableError(f"{self._folder} has no graph")
        path = self._folder / manifest.graph
        self._files = [path, path.with_name(f"{path.name}.wal"), self._folder / "store.json"]
        self._state = self._current()
        if (graph := self._state[0]) is None:
            raise UnavailableError(f"{path} is missing")
        size = max(_ADDRESSES, 1 << (4 * graph[1]).bit_length())
        try:
            self._database = ladybug.Database(
                path, read_only=True, buffer_pool_size=BUFFER_POOL, max_db_size=size, max_num_threads=1
            )
        except RuntimeError as error:
            raise UnavailableError(f"{path} cannot be opened: {error}") from error

    def seal(self) -> None:
        with _open_files():
            read_only(self._folder)

    def answer(self, statement: Statement, request: Request) -> tuple[list[str], Iterator[list[Any]]]:
        assert self._database is not None
        self._ends = _Ends()
        result = self._execute(self._database, statement, request.seconds)
        return result.get_column_names(), iter(result)

    def warm_up(self) -> None:
        """Import what a query with parameters and values of all kinds needs: later no file can be opened."""
        assert self._database is not None
        statement = Statement("RETURN $a, date('2020-01-01'), interval('1 day')", {"a": [1]}, None)
        for _ in self._execute(self._database, statement, 5):
            pass

    def plain(self, value: Any, budget: Budget) -> Any:
        if isinstance(value, list):
            return [self.plain(one, budget) for one in cast(list[Any], value) if budget.has_room()]
        if not isinstance(value, dict):
            return budget.plain(value)
        parts = cast(dict[str, Any], value)
        if isinstance(parts.get("_NODES"), list) and isinstance(parts.get("_RELS"), list):
            return self.plain(_alternating(parts["_NODES"], parts["_RELS"]), budget)
        if _is_key(parts.get("_SRC")) and _is_key(parts.get("_DST")) and "_LABEL" in parts:
            edge = {"type": parts["_LABEL"], "from": "", "to": ""} | budget.plain(_properties(parts))
            self._ends.add(edge, parts)
            return edge
        if _is_key(parts.get("_ID")) and "_LABEL" in parts:
            node = budget.plain({"label": parts["_LABEL"], **_properties(parts)})
            self._ends.texts[_key(parts["_ID"])] = node.get("text", node.get("name", ""))
            return node
        return {str(key): self.plain(one, budget) for key, one in parts.items() if budget.has_room()}

    def finish(self) -> None:
        assert self._database is not None
        if self._ends.missing():
            with ladybug.Connection(self._database, num_threads=1) as connection:
                for key in self._ends.missing():
                    query = f"MATCH (n) WHERE id(n) = internal_id({key[0]:d}, {key[1]:d}) RETURN n"
                    for (node,) in cast(list[Any], connection.execute(query).get_all()) or [({},)]:
                        self._ends.texts[key] = node.get("text") or node.get("name") or ""
        self._ends.fill()

    def is_valid(self) -> bool:
        """False after a checkpoint of the writer. It changes pages that this process may not have read yet."""
        return self._current()[0] == self._state[0]

    def _execute(self, database: ladybug.Database, statement: Statement, seconds: float) -> ladybug.QueryResult:
        connection = ladybug.Connection(database, num_threads=1)  # settings of one caller end with it
        connection.set_query_timeout(int(seconds * 1000))
        try:
            result = connection.execute(statement.text, statement.parameters)
        except RuntimeError as error:
            raise _translated(error) from None
        except (TypeError, ValueError) as error:
            raise RefusedError(f"the parameters are refused: {error}") from None
        if isinstance(result, list):
            raise RefusedError("more than one statement")
        return result

    def _current(self) -> _State:
        return tuple(map(_state, self._files))

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


class _Ends:
    """The ends of edges. An edge has the numbers of its nodes, and a stranger reads their texts."""

    def __init__(self) -> None:
        self.texts: dict[tuple[int, int], str] = {}
        self._edges: list[tuple[dict[str, Any], tuple[int, int], tuple[int, int]]] = []

    def add(self, edge: dict[str, Any], value: dict[str, Any]) -> None:
        self._edges.append((edge, _key(value["_SRC"]), _key(value["_DST"])))

    def missing(self) -> set[tuple[int, int]]:
        return {key for _, *keys in self._edges for key in keys} - self.texts.keys()

    def fill(self) -> None:
        for edge, source, target in self._edges:
            edge["from"], edge["to"] = self.texts[source], self.texts[target]


@contextmanager
def _open_files() -> Generator[None]:
    """Files can be opened meanwhile, and none afterwards."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, _MOST_FILES), _MOST_FILES))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, _MOST_FILES))


def _is_key(value: Any) -> bool:
    """True for the number of a node. A stranger's own map may have its names, and any values."""
    key = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    return all(isinstance(key.get(name), int) and key[name] >= 0 for name in ("table", "offset"))


def _key(number: dict[str, int]) -> tuple[int, int]:
    return number["table"], number["offset"]


def _properties(value: dict[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in value.items() if not key.startswith("_") and one is not None}


def _alternating(nodes: list[Any], edges: list[Any]) -> list[Any]:
    """A path: its nodes and edges in turn. `rels(p)` has edges alone."""
    pairs = zip_longest(nodes, edges)
    return [one for pair in pairs for one in pair if one is not None]


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _translated(error: RuntimeError) -> Exception:
    """An error of ladybug: the caller's fault, or the end of its time or memory."""
    message = _message(str(error))
    if "Interrupted" in message:
        return EndedError("the query ran out of time")
    if "Buffer manager exception" in message or "bad_alloc" in message or "allocate" in message:
        return EndedError("the query ran out of memory")
    line, column = _position(message)
    return RefusedError(message.partition(" (line:")[0], line, column)


def _message(text: str) -> str:
    """One line of an error: of a parser error the first alone, as the others repeat the query."""
    lines = text.splitlines()[:1] if text.startswith("Parser exception") else text.split()
    return " ".join(lines)[:_LONGEST] or "the query failed"


def _position(message: str) -> tuple[int, int]:
    """Line and column in a message of ladybug's parser, "(line: 1, offset: 16)"."""
    _, found, rest = message.partition("(line: ")
    line, _, column = rest.rstrip(")").partition(", offset: ")
    return (int(line), int(column) + 1) if found and line.isdigit() and column.isdigit() else (0, 0)
