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
"""Maximum wait of a question for the parser."""


@dataclass(frozen=True, slots=True)
class NormalizedQuestion:
    """A question's text and its event.

    asked: the text as it came.
    event: the canonical event of the answered clause.
    roles: each person of the event, with its name in the text.
    clauses: the events of all clauses, if there are several.
    skipped: the reason for taking the text word for word instead.
    """

    asked: str
    event: str
    roles: dict[str, str] = field(default_factory=dict[str, str])
    clauses: tuple[str, ...] = ()
    skipped: str | None = None


def as_it_is(text: str) -> NormalizedQuestion:
    """The event word for word. Raises BadInput for a text without a letter or digit."""
    return NormalizedQuestion(text, parse_event(text))


class Normalizer:
    """Turns natural language into events by the parser. A canonical event needs no parser.

    The parser loads at `start`, or at its first use if it is late. Callers wait for it.
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
        """The event of a text. Raises BadInput for a text without a letter or digit, and for a missing clause."""
        event = parse_event(text)
        if is_event(event):
            return _read(text, read_event(event, clause))
        parser = await self.parser.ready()
        return _read(text, await parser.call("read", event, clause))

    async def check_plausible(self, event: str) -> None:
        """Raises BadInput for anything but an English event."""
        parser = await self.parser.ready()
        await parser.call("check_plausible", event)

    async def _open(self, progress: Progress) -> Remote[None]:
        return await self._models.open("parser", model_factories.parser, progress=progress)


@asynccontextmanager
async def open_normalizer(models: Models, *, is_late: bool = False) -> AsyncGenerator[Normalizer]:
    """A normalizer, loading its parser now or at its first use, closed at the end."""
    normalizer = Normalizer(models, is_late=is_late)
    normalizer.start()
    try:
        yield normalizer
    finally:
        await normalizer.close()


def _read(text: str, reading: NormalizedEvent) -> NormalizedQuestion:
    clauses = reading.clauses if len(reading.clauses) > 1 else ()
    return NormalizedQuestion(text, reading.event, reading.roles, clauses)
