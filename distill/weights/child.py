"""Child processes: for imports of torch and transformers, and for models that would slow the parent.

A child serves channels, each in a thread. A channel takes one request at a time: it opens an object, calls a method of
it, or runs a function. Functions, arguments and results are pickled. A child ends with its parent, even a killed one.
"""

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Literal

from schemas.errors import Unavailable
from schemas.progress import Progress, silent

_SERVE = "from distill.weights.child import serve; serve()"
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "2",  # each further heap would hold freed memory for ever
    # Memory freed after loading and between batches goes back: 50 MB less, at the same speed.
    "MALLOC_TRIM_THRESHOLD_": str(4 * 2**20),
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    # Threads of one batch sleep while they wait for one another: on busy cores six times as fast as spinning.
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
    "KMP_BLOCKTIME": "0",
    "TQDM_DISABLE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
_LAST_LINES = 20
_STOP_SECONDS = 5.0


def run(name: str, work: Callable[..., Any], *args: Any, progress: Progress = silent, nice: int = 0) -> Any:
    """The result of `work(*args, progress)`, computed in a new child process.

    name: for messages.
    nice: added to the niceness.
    Raises the errors of `work`, and Unavailable for a process that ends early.
    """
    child = Child(name, nice=nice)
    try:
        return child.channel().run(work, *args, progress=progress)
    finally:
        child.close()


class Child:
    """A child process."""

    def __init__(self, name: str, *, nice: int = 0, on_end: Callable[[], None] | None = None) -> None:
        """Start the process.

        name: for messages.
        nice: added to its niceness, so that other processes come first.
        on_end: called from a thread if the process ends by itself.
        """
        self.name = name
        self._on_end = on_end
        self._is_closed = False
        self._lock = threading.Lock()
        self._last = deque[str](maxlen=_LAST_LINES)
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                # -P: no modules of the current folder
                [sys.executable, "-P", "-c", _SERVE, str(theirs.fileno()), str(nice)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env=os.environ | _ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                # The session stays the parent's: with automatic groups, Linux compares niceness in a session alone.
            )
        self._reader = threading.Thread(target=self._read, name=f"{name} output", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def channel(self) -> "Channel":
        """A new channel. Raises Unavailable for an ended process."""
        ours, theirs = socket.socketpair()
        connection = Connection(ours.detach())
        with theirs, self._lock:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            except OSError:
                connection.close()
                raise self.ended() from None
        connection.send(sys.path)
        return Channel(self, connection)

    def ended(self) -> Unavailable:
        """The error of a process that ended by itself, with its exit code and last line of output."""
        try:
            code = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return Unavailable(f"the process of {self.name} closed its connection")
        self._join()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        last = f" ({self._last[-1]})" if self._last and not self._is_closed else ""
        return Unavailable(f"the process of {self.name} {how}{last}")

    def close(self) -> None:
        """Kill the process, and wait for its end."""
        self._is_closed = True
        self._process.kill()
        self._process.wait()
        self._control.close()
        self._join()

    def _join(self) -> None:
        if threading.current_thread() is not self._reader:
            self._reader.join(_STOP_SECONDS)

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            self._last.extend(line.strip() for line in lines if line.strip())
        self._process.wait()
        if self._on_end is not None and not self._is_closed:
            self._on_end()


class Channel:
    """One object in a child process. One request at a time: others wait."""

    def __init__(self, child: Child, connection: Connection) -> None:
        self._child = child
        self._connection = connection
        self._lock = threading.Lock()

    def open(self, factory: Callable[..., tuple[Any, Any]], *args: Any, progress: Progress = silent) -> Any:
        """Open the channel's object. `factory(*args, progress)` returns it with a description, the result here."""
        return self._request("open", factory, args, progress)

    def call(self, method: str, *args: Any) -> Any:
        """The result of a method of the object. Raises its errors, and Unavailable for an ended process."""
        return self._request("call", method, args, silent)

    def run(self, work: Callable[..., Any], *args: Any, progress: Progress = silent) -> Any:
        """The result of `work(*args, progress)`. Raises as `call`."""
        return self._request("run", work, args, progress)

    def close(self) -> None:
        """Close the object."""
        self._connection.close()

    def _request(self, kind: str, what: Any, args: tuple[Any, ...], progress: Progress) -> Any:
        with self._lock:
            self._send((kind, what, args))
            while True:
                answer, value = self._receive()
                if answer == "progress":
                    progress(*value)
                elif answer == "error":
                    raise value
                else:
                    return value

    def _send(self, request: tuple[str, Any, tuple[Any, ...]]) -> None:
        try:
            self._connection.send(request)
        except OSError:
            raise self._child.ended() from None

    def _receive(self) -> tuple[Literal["progress", "error", "result"], Any]:
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            raise self._child.ended() from None


def serve() -> None:
    """The child's main thread: accept channels until the parent closes the control socket."""
    control = socket.socket(fileno=int(sys.argv[1]))
    os.nice(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C on a terminal is for the parent
    while True:
        data, handles, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            os._exit(0)
        threading.Thread(target=_serve_channel, args=(Connection(handles[0]),), daemon=True).start()


def _serve_channel(connection: Connection) -> None:
    opened: Any = None

    def report(what: str, done: int, total: int) -> None:
        connection.send(("progress", (what, done, total)))

    try:
        # the parent's own path, since functions are pickled by name
        sys.path[:] = connection.recv()
        while True:
            kind, what, args = connection.recv()
            try:
                if kind == "open":
                    opened, result = what(*args, report)
                elif kind == "call":
                    result = getattr(opened, what)(*args)
                else:
                    result = what(*args, report)
            except Exception as error:
                connection.send(("error", _portable(error)))
            else:
                connection.send(("result", result))
    except (EOFError, OSError):  # the parent has closed the channel
        if hasattr(opened, "close"):
            opened.close()


def _portable(error: Exception) -> Exception:
    """The error with its traceback as a note. One that cannot be pickled becomes a RuntimeError."""
    where = "".join(traceback.format_exception(error)).rstrip()
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"in a child process:\n{where}")
    return error
