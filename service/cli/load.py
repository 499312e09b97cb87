"""`cometgraph load`."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import asdict, dataclass, field, replace
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
from service.cli.stored_scores import ScoreReport, critic_of, score_stored
from service.runtime.resources import open_resources
from service.runtime.specs import judge_spec_of
from service.runtime.vectors import open_vectors
from service.settings import Settings

_COUNTS = ("read", "loaded", "present", "duplicate", "filtered", "none", "rejected")


@dataclass(slots=True)
class _Loaded:
    """The result of a load.

    report: counts of its rows.
    pairs: with --report-duplicates the pairs of heads with the same meaning.
    scores, critic: with --critic the counts of scored triples, and the critic's name and version.
    """

    report: Report
    pairs: list[Pair] = field(default_factory=list[Pair])
    scores: ScoreReport | None = None
    critic: str = ""

    def as_dict(self) -> dict[str, Any]:
        scores = {} if self.scores is None else {"scores": asdict(self.scores) | {"critic": self.critic}}
        return self.report.as_dict() | scores


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
@click.option(
    "--critic",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Score triples without a score: by a critic of this name or folder, else by the setting's.",
)
@click.option("--report", metavar="FILE", help="Write the counts of rows as JSON.")
@click.option("--report-duplicates", metavar="OUT", help="Write pairs of heads with the same meaning, as JSON lines.")
@click.option("--offline", metavar="DIR", help="Write files for neo4j-admin to DIR, not into a store.")
@setting_options((*STORE, "min_link", *MATCHING, "model_threads", "cache"))
def load(
    settings: Settings,
    files: Sequence[str],
    critic: str | None,
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
    load_options = replace(_options(**options), min_link=settings.min_link)
    inputs = sources(files)
    report_path = None if report is None else _report_path(report)
    pairs_path = None
    if report_duplicates is not None:
        pairs_path = duplicates.check(
            report_duplicates, offline=offline, match=settings.match, loaded=inputs, report=report
        )
    if critic is not None and offline is not None:
        message = "critic: --offline writes no store; import the files, then score them with `cometgraph distill score`"
        raise BadInput.of("critic", critic, "left out with --offline", message)
    if critic:
        settings = settings.model_copy(update={"critic": critic})
    started = time.perf_counter()
    with progress_bar() as progress:
        if offline is not None:
            result = _Loaded(asyncio.run(load_files(Path(offline), inputs, load_options, progress)))
        else:
            compares, scores = pairs_path is not None, critic is not None
            work = _load(settings, inputs, load_options, progress, compares=compares, scores=scores)
            result = asyncio.run(work)
    seconds = time.perf_counter() - started
    if report_path is not None:
        _write(result, report_path)
    if pairs_path is not None:
        duplicates.write(result.pairs, pairs_path)
    _print(result, seconds)
    if pairs_path is not None:
        click.echo(f"pairs of heads that mean the same {len(result.pairs):,}  in {report_duplicates}")
    if offline is not None:
        click.echo(f"\nImport it into a stopped Neo4j with\n\n    {import_command(Path(offline))}")
    return _exit_code(result.report)


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
    settings: Settings, inputs: Sequence[Source], options: Options, progress: Progress, *, compares: bool, scores: bool
) -> _Loaded:
    """Load into the store, complete its index, compare the heads and score the triples."""
    async with AsyncExitStack() as stack:
        resources = await stack.enter_async_context(open_resources(settings))
        store = resources.store
        # A bad index, judge or critic refuses the load here, before anything is stored.
        vectors = judge = critic = None
        if settings.match:
            vectors = await stack.enter_async_context(open_vectors(store, settings, progress))
            judge = await _open_judge(settings, progress, stack) if compares else None
        if scores:
            critic = stack.enter_context(closing(await asyncio.to_thread(critic_of, settings, progress)))
        heads = set[str]()
        report = await load_files(store, inputs, options, progress, heads=heads if judge or critic else None)
        loaded = _Loaded(report)
        if vectors is not None:
            embedder, index = vectors
            await complete(index, embedder, progress)
            loaded.pairs = await duplicates.same_heads(heads, index, judge, progress) if judge else []
        if critic is not None:
            loaded.scores = await score_stored(store, critic, "unscored", progress, heads)
            loaded.critic = str(critic)
        return loaded


async def _open_judge(settings: Settings, progress: Progress, stack: AsyncExitStack) -> Judge:
    spec = judge_spec_of(settings)
    progress("loading the judge", 0, 0)
    judge = await asyncio.to_thread(open_judge, spec.judge, spec.cache, spec.threads, progress)
    stack.callback(judge.close)
    return judge


def _write(loaded: _Loaded, path: Path) -> None:
    try:
        path.write_bytes(orjson.dumps(loaded.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        reason = f"a file that can be written ({error.strerror}); all is loaded"
        raise BadInput.of("report", str(path), reason) from error


def _print(loaded: _Loaded, seconds: float) -> None:
    """seconds: of the whole command, the index of events included."""
    counts = loaded.as_dict()
    click.echo("  ".join(f"{name} {counts[name]:,}" for name in _COUNTS) + f"  in {seconds:.1f} s")
    if loaded.scores is not None:
        click.echo(f"{loaded.scores}  by {loaded.critic}")
    for file in loaded.report.rejected_files:
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
