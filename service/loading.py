"""`cometgraph load`: the loader with a progress bar, a clean stop, and a report."""

import asyncio
import os
import signal
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from graph.cleaning import Filters
from graph.files import sources
from graph.loader import Options, Report
from graph.loader import load as load_files
from graph.offline import import_command
from graph.store import Progress as Told
from schemas.errors import BadInput
from service.house import open_house
from service.options import Stopped
from service.settings import load_settings

_SHOWN = ("read", "loaded", "present", "duplicate", "filtered", "none", "rejected")
_OF_LOAD = ("files", "format", "split", "min_p_valid", "recall", "origin", "strict", "report", "offline")


def load(flags: Mapping[str, Any]) -> None:
    """Load the files that the flags name. Raises CometgraphError, Stopped."""
    settings = load_settings({name: value for name, value in flags.items() if name not in _OF_LOAD})
    options = Options(
        format=flags["format"],
        filters=Filters(flags["split"], flags["min_p_valid"], flags["recall"]),
        origin=flags["origin"],
        strict=flags["strict"],
    )
    options.check()
    sources(flags["files"])
    target = Path(flags["report"]) if flags["report"] else None
    if target is not None and (target.is_dir() or not target.absolute().parent.is_dir()):
        raise BadInput.of("report", str(target), "a file in a folder that exists")

    async def work(told: Told) -> Report:
        if flags["offline"]:
            return await load_files(Path(flags["offline"]), flags["files"], options, told)
        async with open_house(settings) as house:
            return await load_files(house.store, flags["files"], options, told)

    with _progress() as told:
        report = asyncio.run(work(told))
    if target is not None:
        _write(report, target)
    _print(report)
    if flags["offline"]:
        click.echo(f"\nImport it into a stopped Neo4j with\n\n    {import_command(Path(flags['offline']))}")


def _write(report: Report, target: Path) -> None:
    try:
        target.write_bytes(orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise BadInput.of(
            "report", str(target), f"a file that can be written ({error.strerror}); all is loaded"
        ) from error


def _print(report: Report) -> None:
    said = report.as_dict()
    click.echo("  ".join(f"{name} {said[name]:,}" for name in _SHOWN) + f"  in {report.seconds:.1f} s")
    for file in report.rejected_files:
        click.echo(f"rejected rows, with their reasons, are in {file}", err=True)


@contextmanager
def _progress() -> Generator[Told]:
    """A progress bar on standard error, if that is a terminal.

    Ctrl-C stops the load where it next tells of progress; a second one at once, as a kill would: both are safe.
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
                bar.update(doing[what], rate=f"{speed:,.0f}/s" if what != "reading" else f"{speed / 1e6:.1f} MB/s")

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield told
        finally:
            signal.signal(signal.SIGINT, before)
