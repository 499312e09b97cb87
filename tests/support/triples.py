"""Triples and lookups in one line."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from graph.stores.protocol import Lookup, Store
from schemas.relations import RELATIONS, Relation
from schemas.triples import Triple

OpenStore = Callable[..., AbstractAsyncContextManager[Store]]


def triple(head: str, relation: str, tail: str, **said: Any) -> Triple:
    """A triple that a test says in one line."""
    return Triple(head, Relation(relation), tail, **{"origins": ("test",)} | said)


ALL = tuple(RELATIONS)


def ask(event: str, *relations: str, limit: int = 10, **filters: object) -> Lookup:
    return Lookup(event, tuple(map(Relation, relations)) or ALL, limit, **filters)  # type: ignore[arg-type]
