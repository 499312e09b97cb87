"""Commands as processes of their own: timed to their end, or started and asked for their address."""

import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2

COMETGRAPH = str(Path(sysconfig.get_path("scripts")) / "cometgraph")
MOST_SECONDS = 600.0
"""A first start on a slow machine takes minutes."""
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Ran:
    """A command from its start to its end."""

    seconds: float
    peak_bytes: int
    said: str


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module with this Python."""
    return [sys.executable, "-m", name, *arguments]


def run(command: Sequence[str], variables: Mapping[str, str] | None = None) -> Ran:
    """Run to the end. Raises SystemExit with what the command said, where it fails.

    The peak is the process's own; but Linux counts what its parent had when it started, so the caller stays small.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(variables)
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{Path(command[0]).name} {command[1]} failed ({process.returncode}):\n{said}")
    return Ran(seconds, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024), said)


@contextmanager
def serving(
    command: Sequence[str], variables: Mapping[str, str] | None = None, stderr: IO[bytes] | None = None
) -> Generator[str]:
    """Start a server that prints its address when it listens. Stop it afterwards. stderr: where its log goes."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment(variables))
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        address = _ADDRESS.search(first)
        if address is None:
            raise SystemExit(f"{Path(command[0]).name} {command[1]} did not start: {first.strip()}")
        yield address[0]
    finally:
        process.terminate()
        process.wait()


@contextmanager
def matching(store: str, *options: str, variables: Mapping[str, str] | None = None) -> Generator[httpx2.Client]:
    """A client of a service that is ready to match events of a store, without a student; both end afterwards."""
    command = [COMETGRAPH, "serve", "--store", store, "--no-generate", "--port", "0", "--log-level", "error", *options]
    with serving(command, variables) as address, httpx2.Client(base_url=address, trust_env=False, timeout=60) as client:
        await_ready(address)
        yield client


def await_ready(address: str) -> None:
    """Wait until every part of a service is up, at most `MOST_SECONDS`."""
    deadline = time.monotonic() + MOST_SECONDS
    with httpx2.Client(base_url=address, trust_env=False, timeout=60) as client:
        while (response := client.get("/ready")).status_code != httpx2.codes.OK:
            if time.monotonic() > deadline:
                raise SystemExit(f"not ready after {MOST_SECONDS:g} s: {response.text}")
            time.sleep(0.1)


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """What is set for another cometgraph must not change what is measured here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMETGRAPH_")}
    return kept | dict(variables or {})


def process_with(argument: str) -> int:
    """The process that was started with an argument. Linux alone."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if argument.encode() in words and int(path.parent.name) != os.getpid():
            return int(path.parent.name)
    raise SystemExit(f"no process has the argument {argument}")


def memory_of(pid: int) -> tuple[float, float]:
    """Megabytes of a process, and of it with all below it. A page that several share is counted once. Linux alone."""
    own = _pss(pid)
    below = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        below += sum(memory_of(int(child))[1] for child in (task / "children").read_text().split())
    return round(own), round(own + below)


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
