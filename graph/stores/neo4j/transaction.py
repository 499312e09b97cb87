"""Queries of cypher.py within a transaction of Neo4j."""

from typing import Any, LiteralString, cast

import neo4j


async def run(tx: neo4j.AsyncManagedTransaction, query: str, **parameters: Any) -> neo4j.AsyncResult:
    """Run a query of cypher.py. The cast is safe: its only variable parts are names from enums."""
    return await tx.run(cast(LiteralString, query), parameters)


async def all_rows(tx: neo4j.AsyncManagedTransaction, query: str, **parameters: Any) -> list[list[Any]]:
    """All rows of a query of cypher.py."""
    result = await run(tx, query, **parameters)
    return [record.values() async for record in result]
