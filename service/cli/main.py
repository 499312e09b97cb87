"""The command line: cometgraph serve | load | index | infer | get | stats | forget | models | distill | settings."""

import sys
from typing import Any

import click

from service.cli.options import INDEX, MATCHING, SERVE, STORE, STUDENT, run, setting_options


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="cometgraph", message="%(version)s")
def cli() -> None:
    """Commonsense about events, as a graph: load it, ask it, serve it."""


@cli.command()
@setting_options(SERVE)
def serve(**flags: Any) -> None:
    """Answer over HTTP, until stopped.

    An empty store gets the sample graph first.
    """
    from service.cli.serve import serve

    serve(flags)


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--format",
    metavar="NAME",
    help="atomic10x, atomic2020, atomic2019, triples, table, kgtk or conceptnet; else told from the file.",
)
@click.option(
    "--columns", metavar="NAMES", help="Columns of TSV or CSV files, such as head,relation,tail; _ passes one over."
)
@click.option("--split", metavar="NAME", help="Only rows of this split: train, dev (or val), test.")
@click.option("--min-p-valid", type=float, metavar="P", help="Only rows that the critic scored at least P.")
@click.option("--recall", metavar="R", help="Only rows that the critic keeps at recall 0.5, 0.6, 0.7, 0.8 or 0.9.")
@click.option("--origin", metavar="NAME", help="Where the rows come from; else what the file or its format says.")
@click.option("--strict", is_flag=True, help="Stop at the first row that is no triple, with nothing stored.")
@click.option("--report", metavar="FILE", help="Write what became of the rows, as JSON.")
@click.option("--report-duplicates", metavar="OUT", help="Write which heads mean the same, JSON lines; none is merged.")
@click.option("--offline", metavar="DIR", help="Write files for neo4j-admin to DIR, instead of loading into a store.")
@setting_options((*STORE, *MATCHING, "model_threads", "cache"))
def load(**flags: Any) -> None:
    """Load triples from FILEs, folders of files, or standard input (-).

    Knows ATOMIC-10x JSONL, ATOMIC-2020 TSV, ATOMIC-2019 CSV, KGTK, ConceptNet, other TSV and CSV, and its own JSONL,
    each also as .gz, .xz or .bz2. Every row is accounted for; rejected ones are written to FILE.rejected.jsonl. Loading
    twice, or again after a stop, changes nothing.
    """
    from service.cli.load import load

    load(flags)


@cli.command()
@setting_options([name for name in INDEX if name != "match"])
def index(**flags: Any) -> None:
    """Make the vectors by which stored events are found that are like an asked one.

    `load` and `serve` do so by themselves. This makes what is missing; an index that another --embedder or a newer
    version made is made anew. Stopped or killed, and run again, it goes on where it was.
    """
    from service.cli.index import index

    index(flags)


@cli.command()
@click.argument("event", required=False)
@click.option("-r", "--relation", multiple=True, metavar="NAME", help="Relation, may be repeated; none means all.")
@click.option("--limit", metavar="N", help="At most N inferences for each relation. [default 10]")
@click.option("--mode", metavar="NAME", help="auto, graph, near_duplicate or generate. [default auto]")
@click.option("--as-is", is_flag=True, default=None, help="Take EVENT word for word, not as natural language.")
@click.option("--clause", metavar="N", help="Which clause of a longer text to answer, from 0; else the main one.")
@click.option("--threshold", metavar="P", help="Least confidence for a stored event to count as the same.")
@click.option("--min-p-valid", metavar="P", help="Only inferences scored at least P.")
@click.option("--origin", multiple=True, metavar="NAME", help="Only what this data set or model says, may be repeated.")
@click.option("--n", metavar="N", help="Tails that the student draws.")
@click.option("--temperature", metavar="T", help="With sampling: below 1 safer, above wilder.")
@click.option("--top-p", metavar="P", help="With sampling: the share of probability that is drawn from.")
@click.option("--max-new-tokens", metavar="N", help="Longest tail, in the student's tokens.")
@click.option("--seed", metavar="N", help="With sampling: the same seed draws the same tails.")
@click.option("--generated", is_flag=True, default=None, help="Let events of which only students spoke answer, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "--input", "input_", metavar="FILE", help='Questions, one {"event": …, "relation": …} a line; - for stdin.'
)
@click.option("--output", metavar="FILE", help="Answers to --input, one object a line, in order; else standard output.")
@click.option("--resume", is_flag=True, help="Go on with the answers of --input to --output where a run was stopped.")
@setting_options((*STORE, *MATCHING, *STUDENT, "keep"))
def infer(**flags: Any) -> None:
    """What follows from EVENT, or lies behind it."""
    from service.cli.infer import infer

    sys.exit(infer(flags))


@cli.command()
@click.argument("event")
@click.option("--k", metavar="N", help="At most N stored events. [default 10]")
@click.option("--as-is", is_flag=True, default=None, help="Take EVENT word for word, not as natural language.")
@click.option("--generated", is_flag=True, default=None, help="Consider events of which only students spoke, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_options((*STORE, *MATCHING, "cache"))
def match(**flags: Any) -> None:
    """Which stored events mean the same as EVENT, and why the others do not."""
    from service.cli.match import match

    match(flags)


@cli.command()
@click.argument("address", metavar="PATH")
@setting_options(SERVE)
def get(**flags: Any) -> None:
    """Answer one HTTP GET, such as "/infer?event=PersonX buys a car", without a server."""
    from service.cli.get import get

    sys.exit(get(flags))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_options(STORE)
def stats(**flags: Any) -> None:
    """How much is in the store."""
    from service.cli.stats import stats

    stats(flags)


@cli.command()
@click.option("--origin", required=True, metavar="NAME", help="The data set, or student:… the model, to forget.")
@setting_options(STORE)
def forget(**flags: Any) -> None:
    """Take back all that a data set or model said.

    Edges that others say too stay. Stopped and run again, it completes what is left.
    """
    from service.cli.forget import forget

    forget(flags)


@cli.command()
@click.option("--convert", is_flag=True, help="Make now what a first start would make of the student's files.")
@click.option("--clear", is_flag=True, help="Remove what was made of students' files.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_options(STUDENT)
def models(**flags: Any) -> None:
    """Which student answers, what was made of its files, and the room that takes."""
    from service.cli.models import models

    models(flags)


@cli.group()
def distill() -> None:
    """Where triples come from: train what writes them."""


@distill.command()
@click.option("--train", multiple=True, required=True, metavar="FILE", help="Triples, any format; may be repeated.")
@click.option(
    "--validation", multiple=True, metavar="FILE", help="Triples that validate; else the dev rows of --train."
)
@click.option(
    "--out", required=True, metavar="DIR", help="Folder for the student, its log, and what a stopped run left."
)
@click.option(
    "--base", metavar="NAME", help="smollm2-135m (in the box), a folder or a hub's name. [default smollm2-135m]"
)
@click.option("--prompt-form", metavar="NAME", help="plain, comet-distill or comet-2020. [default plain]")
@click.option("--rank", metavar="N", help="Rank of the adapter; 0 trains all weights. [default 24]")
@click.option("--from-layer", metavar="N", help="First block that is adapted. [default 0]")
@click.option("--learning-rate", metavar="R", help="Highest learning rate. [default 0.002]")
@click.option("--epochs", metavar="N", help="How often each triple is seen. [default 2]")
@click.option("--batch-tokens", metavar="N", help="Tokens a step. [default 1536]")
@click.option("--decay", metavar="P", help="Share of all steps over which the learning rate falls. [default 0.7]")
@click.option("--evaluate-every", metavar="N", help="Steps from one validation to the next. [default 100]")
@click.option("--seed", metavar="N", help="Decides the order of the triples and the start of the adapter. [default 0]")
@click.option("--start", metavar="DIR", help="An adapter of the same shape to go on from.")
def student(**flags: Any) -> None:
    """Train a student on triples. Stopped or killed, and run again, it goes on where it was."""
    from service.cli.distill import student

    student(flags)


@distill.command()
@click.option("--pairs", multiple=True, required=True, metavar="FILE", help="Labelled pairs, TSV; may be repeated.")
@click.option("--heads", multiple=True, metavar="FILE", help="Triples, from whose train heads pairs are derived.")
@click.option("--out", required=True, metavar="DIR", help="Folder for the judge, its log, and what a stopped run left.")
@click.option("--base", metavar="NAME", help="minilm (in the box), or a folder. [default minilm]")
@click.option("--rank", metavar="N", help="Rank of the adapter. [default 64]")
@click.option("--learning-rate", metavar="R", help="Highest learning rate. [default 0.0005]")
@click.option("--epochs", metavar="N", help="How often each pair is seen. [default 4]")
@click.option("--batch", metavar="N", help="Pairs a step. [default 32]")
@click.option("--derived", metavar="N", help="Most pairs of each kind that are derived from heads. [default 600]")
@click.option("--derived-weight", metavar="W", help="What a derived pair counts beside a labelled one. [default 0.5]")
@click.option("--precision", metavar="P", help="Share of same pairs among those that pass, on dev pairs. [default 0.9]")
@click.option("--seed", metavar="N", help="Decides what is derived, the order, and the start. [default 0]")
def judge(**flags: Any) -> None:
    """Train the judge of near-duplicates. Stopped or killed, and run again, it goes on where it was."""
    from service.cli.distill import judge

    judge(flags)


@cli.command()
@setting_options(SERVE)
def settings(**flags: Any) -> None:
    """Every setting: its value here, flag, environment variable and meaning."""
    from service.cli.show_settings import settings

    settings(flags)


def main() -> None:
    """The console script."""
    sys.exit(run(cli))
