"""`cometgraph get`: one GET without a server."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import click
import httpx2
from pydantic import SecretStr

from schemas.errors import BadInput
from service.api.app import create_app, provide
from service.runtime.resources import open_for_command
from service.runtime.wait_policy import WaitPolicy, waiting_as
from service.settings import load_settings


def get(flags: Mapping[str, Any]) -> int:
    """Answer one GET as the service would; its body on standard output, 1 for a status of 400 or more."""
    settings = load_settings({name: value for name, value in flags.items() if name != "address"})
    address: str = flags["address"]
    if not re.fullmatch(r"/(?!/)[^\x00-\x1f\x7f\ud800-\udfff]{0,60000}", address):
        raise BadInput.of("path", address, 'a path, such as "/infer?event=PersonX buys a car"')
    settings = settings.model_copy(update={"api_keys": SecretStr(""), "rate_limit": ""})

    async def ask() -> httpx2.Response:
        async with open_for_command(settings) as resources:
            app = create_app(settings)
            provide(app, resources)
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.get(address)

    with waiting_as(WaitPolicy.ENDLESS):
        response = asyncio.run(ask())
    click.echo(response.content.rstrip(b"\n"))
    return int(response.status_code >= 400)
