"""`cometgraph distill`: one file for each stage."""

import click

from service.cli.lazy_group import LazyGroup


@click.group(
    cls=LazyGroup,
    package="service.cli.distill",
    summaries={
        "student": "Train a student on triples.",
        "judge": "Train a judge of near-duplicates on pairs of events.",
        "critic": "Train a critic on labelled triples.",
        "score": "Score stored triples by a critic.",
    },
)
def distill() -> None:
    """Train a student, a judge or a critic, or score stored triples."""
