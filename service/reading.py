"""The first step of the ladder: the text that was asked, as an event in canonical form."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from graph.natural import Reading, read_event
from graph.natural.as_is import is_event
from schemas.events import parse_event


@dataclass(frozen=True, slots=True)
class Read:
    """What was asked and how it was understood.

    event: the canonical event of the clause that is answered. roles: who of the text is whom of the event. clauses:
    all of them, where there are several. skipped: why it was taken as it is, where it should not have been.
    """

    asked: str
    event: str
    roles: dict[str, str] = field(default_factory=dict[str, str])
    clauses: tuple[str, ...] = ()
    skipped: str | None = None


def as_it_is(text: str) -> Read:
    """The event word for word. Raises BadInput for what is no text."""
    return Read(text, parse_event(text))


class Reader:
    """Reads natural language in a thread of its own; what is canonical already never goes there."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "reader")

    async def read(self, text: str, clause: int | None = None) -> Read:
        """The event of a text. Raises BadInput for what is no text, and for a clause that it has not."""
        event = parse_event(text)
        if is_event(event):
            reading = read_event(event, clause)
        else:
            reading = await asyncio.get_running_loop().run_in_executor(self._thread, read_event, event, clause)
        return _read(text, reading)

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _read(text: str, reading: Reading) -> Read:
    clauses = reading.clauses if len(reading.clauses) > 1 else ()
    return Read(text, reading.event, reading.roles, clauses)
