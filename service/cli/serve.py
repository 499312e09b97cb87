"""`cometgraph serve`: the application under uvicorn, until it is told to stop."""

import asyncio
import ipaddress
import logging
import signal
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import uvicorn

from distill.student.files import find, is_here
from graph.sample import load_sample_if_empty
from graph.stores.protocol import Search
from schemas.errors import BadInput
from service.api.app import create_app
from service.cli.logs import set_up
from service.runtime.resources import Resources, open_resources
from service.settings import Settings, load_settings

_log = logging.getLogger("cometgraph")


def serve(flags: Mapping[str, Any]) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight are answered. Raises CometgraphError."""
    settings = load_settings(flags)
    _refuse_open_door(settings)
    _refuse_no_student(settings)
    set_up(settings.log_level, settings.log_format)
    loop = uvicorn.Config("", loop="auto", log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    @asynccontextmanager
    async def opened(_: Settings) -> AsyncGenerator[Resources]:
        yield resources

    # First what can be refused at once: settings, then the port; the store is opened when nothing is wrong with them.
    config = uvicorn.Config(
        create_app(settings, opened),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        date_header=False,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    with _listen(settings.host, settings.port) as listener:
        async with open_resources(settings, models="now") as resources:
            if await load_sample_if_empty(resources.store):
                _log.info("the store was empty: the sample graph is in it now")
                if resources.retriever is not None:
                    resources.retriever.refresh()
            await _announce(resources, settings.host, listener.getsockname()[1])
            await _Server(config).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends well when it is told to stop; uvicorn's own, having stopped, dies of the signal once more."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


async def _announce(resources: Resources, host: str, port: int) -> None:
    """A line that can be typed, with an event that the store knows."""
    known = await resources.store.events(Search(1, prefix="PersonX buys a car")) or await resources.store.events(
        Search(1, prefix="PersonX")
    )
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    host = f"[{host}]" if ":" in host else host
    address = f"http://{host}:{port}"
    event = quote(known[0] if known else "PersonX buys a car")
    click.echo(
        f"cometgraph is at {address} (documentation: {address}/docs)\n\n    curl '{address}/infer?event={event}'\n"
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=2048)
        # Inherited by each connection: headers and body are two writes, which must not wait for one another.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise BadInput.of("port", port, f"free at {host} ({error.strerror})") from error


def _refuse_open_door(settings: Settings) -> None:
    if settings.allow_anonymous or settings.api_keys.get_secret_value() or _is_loopback(settings.host):
        return
    raise BadInput.of(
        "host", settings.host, "a loopback address: others could ask without a key; set api_keys, or --allow-anonymous"
    )


def _refuse_no_student(settings: Settings) -> None:
    """What is certainly no student is said at once, rather than in an hour's log."""
    if settings.generate and is_here(settings.student):
        find(settings.student, settings.prompt_form, Path(settings.cache))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
