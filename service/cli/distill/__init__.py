"""`cometgraph distill`: one file for each stage."""

import click

from service.cli.lazy_group import LazyGroup


@click.group(
    cls=LazyGroup,
    package="service.cli.distill",
    summaries={
        "plan": "Show calls, money and time of a run before it begins.",
        "run": "Run all stages, or resume them.",
        "events": "Have a teacher write events.",
        "inferences": "Have a teacher write inferences about the events.",
        "critic": "Train a critic on labelled triples, or run this stage.",
        "filter": "Keep the inferences above a threshold.",
        "student": "Train a student on triples, or run this stage.",
        "judge": "Train a judge of near-duplicates on pairs of events.",
        "calls": "List or export the calls to a teacher.",
        "score": "Score stored triples by a critic.",
    },
)
def distill() -> None:
    """From a teacher to a graph and a student. Train a student, a judge or a critic, or score stored triples."""
