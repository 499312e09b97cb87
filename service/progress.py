"""Long work on the command line: a bar with the time left, and a clean stop."""

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from graph.store import Progress as Told
from service.options import Stopped


@contextmanager
def progress() -> Generator[Told]:
    """A progress bar on standard error, if that is a terminal.

    Ctrl-C stops the work where it next tells of progress; a second one at once, as a kill would: both are safe.
    """
    stopped = False

    def stop(_signal: int, _frame: Any) -> None:
        nonlocal stopped
        if stopped:
            os._exit(130)
        stopped = True

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        doing: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if stopped:
                raise Stopped
            if what not in doing:
                for task in doing.values():
                    bar.update(task, visible=False)
                doing[what] = bar.add_task(what, total=total or None, rate="")
            bar.update(doing[what], completed=done)
            speed: float | None = bar.tasks[doing[what]].speed
            if speed:
                bar.update(doing[what], rate=f"{speed:,.1f}/s" if what != "reading" else f"{speed / 1e6:.1f} MB/s")

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield told
        finally:
            signal.signal(signal.SIGINT, before)
