"""Long work on the command line: a bar with the time left, and a clean stop."""

import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from graph.stores.protocol import Progress as Told
from service.cli.options import Stopped


@contextmanager
def progress() -> Generator[Told]:
    """A progress bar on standard error, if that is a terminal.

    Ctrl-C stops the work where it next tells of progress; a second one at once, as a kill would: both are safe.
    """
    with interrupts() as is_stopped, bar() as show:

        def told(what: str, done: int, total: int) -> None:
            if is_stopped():
                raise Stopped
            show(what, done, total)

        yield told


@contextmanager
def interrupts() -> Generator[Callable[[], bool]]:
    """Tells whether Ctrl-C was pressed. A second one ends the process at once."""
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
def bar() -> Generator[Told]:
    """A progress bar on standard error, if that is a terminal; one line for each kind of work, the last one shown."""
    columns = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with columns:
        doing: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in doing:
                for task in doing.values():
                    columns.update(task, visible=False)
                doing[what] = columns.add_task(what, total=total or None, rate="", count="", completed=done)
            is_bytes = what == "reading"
            columns.update(doing[what], completed=done, count="" if is_bytes else _count(done, total))
            speed: float | None = columns.tasks[doing[what]].speed
            if speed:
                columns.update(doing[what], rate=f"{speed / 1e6:.1f} MB/s" if is_bytes else f"{speed:,.1f}/s")

        yield show


def _count(done: int, total: int) -> str:
    return f"{done:,} of {total:,}" if total else f"{done:,}"
