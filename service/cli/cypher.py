"""`cometgraph cypher`."""

import asyncio
from typing import Any

import click
import orjson

from schemas.cypher import CypherAnswer, CypherQuestion
from schemas.errors import BadInput
from service.answering.cypher import answer
from service.cli.options import CYPHER, STORE, setting_options
from service.cli.table import print_table
from service.runtime.resources import open_resources
from service.settings import Settings


@click.command()
@click.argument("query")
@click.option("--parameters", metavar="JSON", default="{}", help='Values of $parameters: {"name": value}.')
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_options((*STORE, *CYPHER))
def cypher(settings: Settings, query: str, parameters: str, as_json: bool) -> None:
    """Run a Cypher query that reads the graph.

    The same rules as over HTTP hold: docs/cypher.md.
    """
    found = asyncio.run(_answer(settings, CypherQuestion(query=query, parameters=_values(parameters))))
    if as_json:
        click.echo(orjson.dumps(found).decode())
        return
    print_table("", found.columns, [[_cell(value) for value in row] for row in found.rows])
    if found.truncated:
        click.echo("… and more (--cypher-rows, --cypher-bytes)", err=True)


async def _answer(settings: Settings, question: CypherQuestion) -> CypherAnswer:
    async with open_resources(settings.model_copy(update={"cypher": True}), read_only=True) as resources:
        found, took_ms = await answer(question, resources)
    return CypherAnswer(found.columns, found.rows, found.truncated, took_ms)


def _values(parameters: str) -> dict[str, Any]:
    try:
        values = orjson.loads(parameters)
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise BadInput.of("parameters", parameters, 'a JSON object, such as {"word": "car"}')
    return values  # pyright: ignore[reportUnknownVariableType]


def _cell(value: Any) -> str:
    """A text as it is, any other value as JSON, nothing for null."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
