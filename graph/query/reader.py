"""One reader process as the service sees it."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graph.query import frames
from graph.query.child import Request
from graph.query.parameters import check_parameters
from graph.query.request import Rows
from schemas.errors import BadInput, BadQuery, CometgraphError, FieldError, QueryEnded, StoreUnavailable

_ROOT = Path(__file__).parent.parent.parent
_CODE = "import sys; sys.path.extend(sys.argv[1:]); from graph.query.child import main; main()"


class LostError(Exception):
    """The process has ended, by no fault of the query."""


class Reader:
    """A reader process. config: see graph.query.child.main."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.is_idle = False
        """It waits for a query. False after a call that did not come to its end."""
        self.stage = ""
        """See graph.query.child.Stage. Empty before the process has read the query."""
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises LostError."""
        ours, theirs = socket.socketpair()
        try:
            # By a thread: a loop of uvloop copies the page tables of the service, and stands still for it.
            self._process = await asyncio.to_thread(_spawn, theirs)
            self._streams = await asyncio.open_unix_connection(sock=ours)
        except BaseException:
            ours.close()  # the process ends at the end of its input
            raise
        try:
            await self._send(frames.packed(self._config))
            await self._next()
        except (ConnectionError, asyncio.IncompleteReadError):
            raise LostError from None
        self.is_idle = True

    async def answer(self, request: Request) -> Rows:
        """The rows of a query. Raises LostError, QueryEnded, BadInput, BadQuery, StoreUnavailable."""
        message = _packed(request)
        self.is_idle, self.stage = False, ""
        try:
            await self._send(message)
            while "stage" in (answer := await self._next()):
                self.stage = answer["stage"]
            if "error" in answer:
                error = error_of(answer)
                self.is_idle = not isinstance(error, StoreUnavailable)  # a new process opens the store anew
                raise error
            rows = Rows(answer["columns"], answer["rows"], answer["truncated"])
            while sum(map(len, rows.lines)) < answer["bytes"]:
                rows.lines.append(await self._body())
        except (ConnectionError, asyncio.IncompleteReadError):
            if self.stage in ("text", "query"):
                raise QueryEnded("the query ended its process") from None
            raise LostError from None
        self.is_idle = True
        return rows

    async def end(self) -> None:
        """Kill it, and wait until it is gone."""
        if self._streams is not None:
            self._streams[1].close()
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid if self._process is not None else None

    async def _send(self, message: bytes) -> None:
        assert self._streams is not None
        self._streams[1].write(message)
        await self._streams[1].drain()

    async def _next(self) -> dict[str, Any]:
        return frames.unpacked(await self._body())

    async def _body(self) -> bytes:
        assert self._streams is not None
        size = frames.length(await self._streams[0].readexactly(frames.HEADER))
        return await self._streams[0].readexactly(size)


def _spawn(theirs: socket.socket) -> "subprocess.Popen[bytes]":
    """A process with a socket as its input and output."""
    command = [sys.executable, "-I", "-c", _CODE, str(_ROOT)]
    with theirs:
        return subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno(), env={}, cwd="/")


def _packed(request: Request) -> bytes:
    """Raises BadInput for values that are no JSON."""
    try:
        return frames.packed(asdict(request))
    except (TypeError, ValueError, RecursionError) as error:
        check_parameters(request.parameters)
        raise BadInput.of("parameters", None, f"JSON ({error})") from error


def error_of(message: Mapping[str, Any]) -> CometgraphError:
    """The error of a message of graph.query.child."""
    match message["error"]:
        case "query":
            line, column = message["line"], message["column"]
            return BadQuery(message["value"] or "", message["reason"], message["allowed"], line, column)
        case "input":
            return BadInput([FieldError(**field) for field in message["errors"]])
        case "refused":
            allowed = "a query that this store can read (docs/cypher.md)"
            return BadQuery("", message["message"], allowed, message["line"] or 1, message["column"] or 1)
        case "ended":
            return QueryEnded(message["message"])
        case _:
            return StoreUnavailable(message["message"])
