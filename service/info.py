"""What /ready, /info and `cometgraph stats` tell."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import cometgraph
from graph.store import Search, Stats
from schemas.relations import Relation
from service.house import House
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Ready:
    """Each part that answers need, and that it answers. A part that does not is a 503 instead."""

    store: str


@dataclass(frozen=True, slots=True)
class Info:
    """What runs here."""

    version: str
    store: str
    events: int
    inferences: int
    triples: int
    triples_by_relation: dict[Relation, int]
    not_applicable: int
    rate_limit: str | None
    max_body_bytes: int
    keys_required: bool


async def ready_of(house: House) -> Ready:
    """Ask every part. Raises Unavailable."""
    await house.store.events(Search(1))
    return Ready(store="ok")


async def info_of(house: House, settings: Settings) -> Info:
    """Count what there is. Raises Unavailable."""
    stats: Stats = await house.store.stats()
    return Info(
        version=cometgraph.__version__,
        store=_without_login(house.store.address),
        events=stats.events,
        inferences=stats.inferences,
        triples=sum(stats.triples.values()),
        triples_by_relation=stats.triples,
        not_applicable=stats.not_applicable,
        rate_limit=settings.rate_limit or None,
        max_body_bytes=settings.max_body_bytes,
        keys_required=bool(settings.api_keys.get_secret_value()),
    )


def _without_login(address: str) -> str:
    """The address without a user or password that somebody put in it."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
