"""The first step of the cascade: the text of a question, as an event in canonical form."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from graph.normalization import NormalizedEvent, read_event
from graph.normalization.event_detection import is_event
from schemas.events import parse_event
from schemas.progress import Progress
from service.runtime import model_factories
from service.runtime.lazy_model import LazyModel
from service.runtime.model_process import Models, Remote

_log = logging.getLogger("cometgraph.parser")
PARSER_SECONDS = 30.0
"""Longest time that a question waits for the parser to load."""


@dataclass(frozen=True, slots=True)
class NormalizedQuestion:
    """What was asked and how it was understood.

    event: the canonical event of the clause that is answered. roles: who of the text is whom of the event. clauses:
    all of them, where there are several. skipped: why it was taken as it is, where it should not have been.
    """

    asked: str
    event: str
    roles: dict[str, str] = field(default_factory=dict[str, str])
    clauses: tuple[str, ...] = ()
    skipped: str | None = None


def as_it_is(text: str) -> NormalizedQuestion:
    """The event word for word. Raises BadInput for what is no text."""
    return NormalizedQuestion(text, parse_event(text))


class Normalizer:
    """Reads natural language by the parser. A canonical event is read without it.

    The parser loads at `start`, or at its first use where it is late. Callers wait for it.
    """

    def __init__(self, models: Models, *, is_late: bool = False) -> None:
        self._models = models
        self.parser: LazyModel[None] = LazyModel("the parser", self._open, _log, is_late=is_late, wait=PARSER_SECONDS)
        models.when_lost(self.parser.lost)

    def start(self) -> None:
        """Begin; needs a running loop."""
        self.parser.start()

    async def close(self) -> None:
        """Stop."""
        await self.parser.close()

    async def read(self, text: str, clause: int | None = None) -> NormalizedQuestion:
        """The event of a text. Raises BadInput for what is no text, and for a clause that it has not."""
        event = parse_event(text)
        if is_event(event):
            return _read(text, read_event(event, clause))
        parser = await self.parser.ready()
        return _read(text, await parser.call("read", event, clause))

    async def check_plausible(self, event: str) -> None:
        """Raises BadInput for a text that is no English event."""
        parser = await self.parser.ready()
        await parser.call("check_plausible", event)

    async def _open(self, progress: Progress) -> Remote[None]:
        return await self._models.open("parser", model_factories.parser, progress=progress)


@asynccontextmanager
async def open_normalizer(models: Models, *, is_late: bool = False) -> AsyncGenerator[Normalizer]:
    """A reader whose parser is loading, or will be; closed at the end."""
    normalizer = Normalizer(models, is_late=is_late)
    normalizer.start()
    try:
        yield normalizer
    finally:
        await normalizer.close()


def _read(text: str, reading: NormalizedEvent) -> NormalizedQuestion:
    clauses = reading.clauses if len(reading.clauses) > 1 else ()
    return NormalizedQuestion(text, reading.event, reading.roles, clauses)
