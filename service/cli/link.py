"""`cometgraph link`."""

import asyncio
import time
from pathlib import Path

import click
import orjson

from graph.atomic_write import atomic_write
from graph.links.report import LinkReport
from schemas.progress import Progress
from service.cli.options import STORE, setting_options
from service.cli.progress import progress_bar
from service.runtime.resources import open_resources
from service.settings import Settings


@click.command()
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FILE", help="Write the counts to this file, as JSON."
)
@setting_options((*STORE, "min_link"))
def link(settings: Settings, report: Path | None) -> None:
    """Link inferences to the events that they are.

    `load` and `serve` do so too. A store of an earlier version gets its links by this command, and so does one with
    another --min-link. Stopped or killed, and run again, it continues.
    """
    started = time.perf_counter()
    with progress_bar() as progress:
        result = asyncio.run(_link(settings, progress))
    if report is not None:
        with atomic_write(report) as part:
            part.write_bytes(orjson.dumps(result.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    click.echo(
        f"links {result.links:,}  added {result.added:,}  removed {result.removed:,}  "
        f"in {time.perf_counter() - started:.1f} s"
    )


async def _link(settings: Settings, progress: Progress) -> LinkReport:
    async with open_resources(settings, create=False) as resources:
        return await resources.store.link(progress)
