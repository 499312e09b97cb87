"""`cometgraph load`."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click
import orjson

from distill.judge.judge import Judge, open_judge
from graph.loading.cleaning import Filters
from graph.loading.lines import Source, sources
from graph.loading.loader import Options, Report
from graph.loading.loader import load as load_files
from graph.stores.neo4j.bulk_import import import_command
from graph.vectors.build import complete
from schemas.errors import BadInput
from schemas.progress import Progress
from service.cli import report_duplicates as duplicates
from service.cli.options import MATCHING, STORE, setting_options
from service.cli.progress import progress_bar
from service.cli.report_duplicates import Pair
from service.runtime.resources import open_resources
from service.runtime.specs import judge_spec_of
from service.runtime.vectors import open_vectors
from service.settings import Settings

_COUNTS = ("read", "loaded", "present", "duplicate", "filtered", "none", "rejected")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--format",
    metavar="NAME",
    help="atomic10x, atomic2020, atomic2019, triples, table, kgtk or conceptnet; else detected.",
)
@click.option(
    "--columns", metavar="NAMES", help="Columns of TSV or CSV files, such as head,relation,tail; _ skips one."
)
@click.option("--split", metavar="NAME", help="Only rows of this split: train, dev (or val), test.")
@click.option("--min-p-valid", type=float, metavar="P", help="Only rows with a critic's score of at least P.")
@click.option("--recall", metavar="R", help="Only rows kept by the critic at recall 0.5, 0.6, 0.7, 0.8 or 0.9.")
@click.option("--origin", metavar="NAME", help="Origin of the rows; else as in the file or by its format.")
@click.option("--strict", is_flag=True, help="Stop at the first rejected row, with nothing stored.")
@click.option("--report", metavar="FILE", help="Write the counts of rows as JSON.")
@click.option("--report-duplicates", metavar="OUT", help="Write pairs of heads with the same meaning, as JSON lines.")
@click.option("--offline", metavar="DIR", help="Write files for neo4j-admin to DIR, not into a store.")
@setting_options((*STORE, *MATCHING, "model_threads", "cache"))
def load(
    settings: Settings,
    files: Sequence[str],
    report: str | None,
    report_duplicates: str | None,
    offline: str | None,
    **options: Any,
) -> int:
    """Load triples from files into the store.

    FILE is a file, a folder of files, or - for standard input. Formats: ATOMIC-10x JSONL, ATOMIC-2020 TSV, ATOMIC-2019
    CSV, KGTK, ConceptNet, other TSV and CSV, and the JSONL of cometgraph, each also as .gz, .xz or .bz2. Rejected rows
    are written to FILE.rejected.jsonl. A second load of the same files, or a load after a stop, adds only missing
    triples. The exit code is 1 if all rows are rejected.
    """
    load_options = _options(**options)
    inputs = sources(files)
    report_path = None if report is None else _report_path(report)
    pairs_path = None
    if report_duplicates is not None:
        pairs_path = duplicates.check(
            report_duplicates, offline=offline, match=settings.match, loaded=inputs, report=report
        )
    started = time.perf_counter()
    with progress_bar() as progress:
        if offline is not None:
            result, pairs = asyncio.run(load_files(Path(offline), inputs, load_options, progress)), list[Pair]()
        else:
            work = _load(settings, inputs, load_options, progress, compare=pairs_path is not None)
            result, pairs = asyncio.run(work)
    seconds = time.perf_counter() - started
    if report_path is not None:
        _write(result, report_path)
    if pairs_path is not None:
        duplicates.write(pairs, pairs_path)
    _print(result, seconds)
    if pairs_path is not None:
        click.echo(f"pairs of heads that mean the same {len(pairs):,}  in {report_duplicates}")
    if offline is not None:
        click.echo(f"\nImport it into a stopped Neo4j with\n\n    {import_command(Path(offline))}")
    return _exit_code(result)


def _options(
    format: str | None,
    columns: str | None,
    split: str | None,
    min_p_valid: float | None,
    recall: str | None,
    origin: str | None,
    strict: bool,
) -> Options:
    return Options(
        format=format, filters=Filters(split, min_p_valid, recall), origin=origin, strict=strict, columns=columns
    )


def _report_path(report: str) -> Path:
    path = Path(report)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise BadInput.of("report", report, "a file in a folder that exists")
    return path


async def _load(
    settings: Settings, inputs: Sequence[Source], options: Options, progress: Progress, *, compare: bool
) -> tuple[Report, list[Pair]]:
    """Load into the store and complete its index. With `compare` also the pairs of equal heads."""
    async with AsyncExitStack() as stack:
        resources = await stack.enter_async_context(open_resources(settings))
        if not settings.match:
            return await load_files(resources.store, inputs, options, progress), []
        # A bad index or judge refuses the load here, before anything is stored.
        embedder, index = await stack.enter_async_context(open_vectors(resources.store, settings, progress))
        judge = await _open_judge(settings, progress, stack) if compare else None
        heads = set[str]()
        report = await load_files(resources.store, inputs, options, progress, heads=heads if compare else None)
        await complete(index, embedder, progress)
        return report, await duplicates.same_heads(heads, index, judge, progress) if judge else []


async def _open_judge(settings: Settings, progress: Progress, stack: AsyncExitStack) -> Judge:
    spec = judge_spec_of(settings)
    progress("loading the judge", 0, 0)
    judge = await asyncio.to_thread(open_judge, spec.judge, spec.cache, spec.threads, progress)
    stack.callback(judge.close)
    return judge


def _write(report: Report, path: Path) -> None:
    try:
        path.write_bytes(orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        reason = f"a file that can be written ({error.strerror}); all is loaded"
        raise BadInput.of("report", str(path), reason) from error


def _print(report: Report, seconds: float) -> None:
    """seconds: of the whole command, the index of events included."""
    counts = report.as_dict()
    click.echo("  ".join(f"{name} {counts[name]:,}" for name in _COUNTS) + f"  in {seconds:.1f} s")
    for file in report.rejected_files:
        click.echo(f"rejected rows, with their reasons, are in {file}", err=True)


def _exit_code(report: Report) -> int:
    """1 if all rows are rejected: a script must not go on with an empty graph. The first row's reason is printed."""
    if not report.read or report.rejected < report.read:
        return 0
    path = Path(report.rejected_files[0])
    with path.open("rb") as file:
        first = orjson.loads(file.readline())
    place = f"{path.name.removesuffix('.rejected.jsonl')}, line {first['line']}"
    click.echo(f"cometgraph: nothing is loaded, all rows are rejected; {place}: {first['reason']}", err=True)
    return 1
