"""The candidates of a near-duplicate search, as a table."""

from collections.abc import Iterable

from schemas.infer import MatchCandidate
from service.cli.table import print_table


def print_candidates(title: str, candidates: Iterable[MatchCandidate]) -> None:
    """Print each candidate with its verdict, scores and reason."""
    rows = [
        ("yes" if one.same else "", one.event, f"{one.similarity:.3f}", f"{one.confidence:.3f}", one.reason)
        for one in candidates
    ]
    print_table(title, ("same", "event", "similarity", "confidence", "reason"), rows)
