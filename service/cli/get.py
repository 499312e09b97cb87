"""`cometgraph get`."""

import asyncio
import re

import click
import httpx2
from pydantic import SecretStr

from schemas.errors import BadInput
from service.api.app import create_app
from service.cli.options import ALL, setting_options
from service.runtime.resources import open_for_command
from service.runtime.wait_policy import WaitPolicy, waiting_as
from service.settings import Settings

_PATH = re.compile(r"/(?!/)[^\x00-\x1f\x7f\ud800-\udfff]{0,60000}")


@click.command()
@click.argument("path")
@setting_options(ALL)
def get(settings: Settings, path: str) -> int:
    """Answer one HTTP GET without a server.

    PATH is such as "/infer?event=PersonX buys a car". The exit code is 1 for a status of 400 or more.
    """
    if not _PATH.fullmatch(path):
        raise BadInput.of("path", path, 'a path, such as "/infer?event=PersonX buys a car"')
    settings = settings.model_copy(update={"api_keys": SecretStr(""), "rate_limit": ""})
    with waiting_as(WaitPolicy.ENDLESS):
        response = asyncio.run(_get(settings, path))
    click.echo(response.content.rstrip(b"\n"))
    return int(response.status_code >= 400)


async def _get(settings: Settings, path: str) -> httpx2.Response:
    async with open_for_command(settings) as resources:
        transport = httpx2.ASGITransport(create_app(settings, resources))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path)
