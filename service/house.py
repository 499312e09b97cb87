"""What the service needs to answer, opened and closed together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from graph.loader import Options, load
from graph.store import Neo4jLogin, Store, open_store
from service.settings import Settings

SAMPLE = Path(__file__).parent.parent / "graph" / "sample.jsonl"


@dataclass(frozen=True, slots=True)
class House:
    """The parts that answer questions."""

    store: Store


@asynccontextmanager
async def open_house(settings: Settings, *, read_only: bool = False) -> AsyncGenerator[House]:
    """Open all parts. Raises BadInput, StoreUnavailable, StoreLocked."""
    async with open_store(
        settings.store, read_only=read_only, threads=settings.threads, login=login_of(settings)
    ) as store:
        yield House(store)


def login_of(settings: Settings) -> Neo4jLogin:
    """The Neo4j login that the settings say."""
    return Neo4jLogin(settings.neo4j_user, settings.neo4j_password.get_secret_value(), settings.neo4j_database)


def _silent(_what: str, _done: int, _total: int) -> None:
    """No progress is shown."""


async def load_sample_if_empty(store: Store) -> bool:
    """Load the sample graph into an empty store; False where there is something."""
    if (await store.stats()).events:
        return False
    await load(store, [str(SAMPLE)], Options(), _silent)
    return True
