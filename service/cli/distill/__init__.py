"""`cometgraph distill`: one file for each stage."""

import click

from service.cli.lazy_group import LazyGroup


@click.group(
    cls=LazyGroup,
    package="service.cli.distill",
    summaries={
        "student": "Train a student on triples.",
        "judge": "Train a judge of near-duplicates on pairs of events.",
        "calls": "List or export the calls to a teacher.",
    },
)
def distill() -> None:
    """Train a student or a judge."""
