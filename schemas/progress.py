"""Progress of long work."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of the step, the units done, and the units in total (0: unknown)."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress without a display."""
