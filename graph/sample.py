"""The bundled sample graph. An empty store starts with it."""

from pathlib import Path

from graph.loading.lines import sources
from graph.loading.loader import Options, load
from graph.stores.protocol import Store
from schemas.progress import silent

SAMPLE = Path(__file__).with_name("sample.jsonl")


async def load_sample_if_empty(store: Store) -> bool:
    """Load the sample graph into an empty store. False if the store has events."""
    if (await store.stats()).events:
        return False
    await load(store, sources([str(SAMPLE)]), Options(), silent)
    return True
