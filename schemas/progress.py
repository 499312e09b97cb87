"""Progress of long work."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as (what is being done, how much is done, of how much or 0)."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress without a display."""
