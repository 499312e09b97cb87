"""Long work on the command line: a bar with the time left, and a clean stop."""

import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from schemas.progress import Progress
from service.cli.stopped import Stopped


@contextmanager
def progress_bar() -> Generator[Progress]:
    """A progress bar on standard error, if that is a terminal.

    After Ctrl-C the next report of progress raises Stopped. A second Ctrl-C ends the process at once, as a kill would.
    Both are safe.
    """
    with interrupts() as is_stopped, bar() as show:

        def progress(task: str, done: int, total: int) -> None:
            if is_stopped():
                raise Stopped
            show(task, done, total)

        yield progress


@contextmanager
def interrupts() -> Generator[Callable[[], bool]]:
    """A function: has Ctrl-C been pressed? A second Ctrl-C ends the process at once."""
    stopped = False

    def stop(_signal: int, _frame: Any) -> None:
        nonlocal stopped
        if stopped:
            os._exit(130)
        stopped = True

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: stopped
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def bar() -> Generator[Progress]:
    """A progress bar on standard error, if that is a terminal. It shows the latest task."""
    columns = Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False, emoji=False),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with columns:
        tasks: dict[str, TaskID] = {}

        def show(task: str, done: int, total: int) -> None:
            if task not in tasks:
                for earlier in tasks.values():
                    columns.update(earlier, visible=False)
                tasks[task] = columns.add_task(task, total=total or None, rate="", count="", completed=done)
            in_bytes = task == "reading"
            columns.update(tasks[task], completed=done, count="" if in_bytes else _count(done, total))
            speed: float | None = columns.tasks[tasks[task]].speed
            if speed:
                columns.update(tasks[task], rate=f"{speed / 1e6:.1f} MB/s" if in_bytes else f"{speed:,.1f}/s")

        yield show


def _count(done: int, total: int) -> str:
    return f"{done:,} of {total:,}" if total else f"{done:,}"
