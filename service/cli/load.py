"""`cometgraph load`: the loader with a progress bar, a clean stop, and a report."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click
import orjson

from distill.judge.judge import Judge, open_judge
from graph.loading.cleaning import Filters
from graph.loading.lines import sources
from graph.loading.loader import Options, Report
from graph.loading.loader import load as load_files
from graph.stores.neo4j.bulk_import import import_command
from graph.stores.protocol import Progress as Told
from graph.vectors.build import complete
from schemas.errors import BadInput
from service.cli import report_duplicates as duplicates
from service.cli.progress import progress
from service.cli.report_duplicates import Pair
from service.runtime.resources import open_resources
from service.runtime.specs import judge_spec_of
from service.runtime.vectors import open_vectors
from service.settings import Settings, load_settings

_SHOWN = ("read", "loaded", "present", "duplicate", "filtered", "none", "rejected")
_OF_LOAD = (
    "files",
    "format",
    "columns",
    "split",
    "min_p_valid",
    "recall",
    "origin",
    "strict",
    "report",
    "report_duplicates",
    "offline",
)


def load(flags: Mapping[str, Any]) -> None:
    """Load the files that the flags name. Raises CometgraphError, Stopped."""
    settings = load_settings({name: value for name, value in flags.items() if name not in _OF_LOAD})
    options = Options(
        format=flags["format"],
        filters=Filters(flags["split"], flags["min_p_valid"], flags["recall"]),
        origin=flags["origin"],
        strict=flags["strict"],
        columns=flags["columns"],
    )
    options.check()
    loaded = sources(flags["files"])
    target = Path(flags["report"]) if flags["report"] else None
    if target is not None and (target.is_dir() or not target.absolute().parent.is_dir()):
        raise BadInput.of("report", str(target), "a file in a folder that exists")
    out: Path | None = None
    if flags["report_duplicates"] is not None:
        out = duplicates.check(
            flags["report_duplicates"],
            offline=flags["offline"],
            match=settings.match,
            loaded=loaded,
            report=flags["report"],
        )

    async def work(told: Told) -> tuple[Report, list[Pair]]:
        if flags["offline"]:
            return await load_files(Path(flags["offline"]), flags["files"], options, told), []
        async with AsyncExitStack() as stack:
            resources = await stack.enter_async_context(open_resources(settings))
            if not settings.match:
                return await load_files(resources.store, flags["files"], options, told), []
            # Opened first: what refuses the index or the judge refuses the load, before anything is stored.
            embedder, index = await stack.enter_async_context(open_vectors(resources.store, settings, told))
            judge = None if out is None else await _judge(settings, told)
            if judge is not None:
                stack.callback(judge.close)
            heads = set[str]()
            report = await load_files(resources.store, flags["files"], options, told, heads=heads if judge else None)
            await complete(index, embedder, told)
            return report, await duplicates.same_heads(heads, index, judge, told) if judge else []

    started = time.perf_counter()
    with progress() as told:
        report, pairs = asyncio.run(work(told))
    seconds = time.perf_counter() - started
    if target is not None:
        _write(report, target)
    if out is not None:
        duplicates.write(pairs, out)
    _print(report, seconds)
    if out is not None:
        click.echo(f"pairs of heads that mean the same {len(pairs):,}  in {flags['report_duplicates']}")
    if flags["offline"]:
        click.echo(f"\nImport it into a stopped Neo4j with\n\n    {import_command(Path(flags['offline']))}")


async def _judge(settings: Settings, told: Told) -> Judge:
    spec = judge_spec_of(settings)
    told("loading the judge", 0, 0)
    return await asyncio.to_thread(open_judge, spec.judge, spec.cache, spec.threads, told)


def _write(report: Report, target: Path) -> None:
    try:
        target.write_bytes(orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise BadInput.of(
            "report", str(target), f"a file that can be written ({error.strerror}); all is loaded"
        ) from error


def _print(report: Report, seconds: float) -> None:
    """seconds: of all that was done, making the index of events, too."""
    said = report.as_dict()
    click.echo("  ".join(f"{name} {said[name]:,}" for name in _SHOWN) + f"  in {seconds:.1f} s")
    for file in report.rejected_files:
        click.echo(f"rejected rows, with their reasons, are in {file}", err=True)
