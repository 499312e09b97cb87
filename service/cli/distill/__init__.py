"""`cometgraph distill`: one file for each stage."""

import click

from service.cli.lazy_group import LazyGroup


@click.group(
    cls=LazyGroup,
    package="service.cli.distill",
    summaries={
        "plan": "Show calls, money and time of a run before anything is paid.",
        "run": "Run all stages, or resume them.",
        "events": "Have the teacher write events.",
        "inferences": "Have the teacher write inferences about the events.",
        "critic": "Train a critic on labelled triples.",
        "filter": "Score the inferences, and keep those above the threshold.",
        "student": "Train a student on triples.",
        "judge": "Train a judge of near-duplicates on pairs of events.",
        "calls": "List or export the calls to a teacher.",
        "score": "Score stored triples.",
    },
)
def distill() -> None:
    """From a teacher to a graph, a critic and a student.

    A whole run, its stages, and the training of a judge.
    """
