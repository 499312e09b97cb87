"""`cometgraph serve`: the application under uvicorn."""

import asyncio
import ipaddress
import logging
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import click
import uvicorn

from distill.student.files import find, is_here
from graph.sample import load_sample_if_empty
from graph.stores.protocol import Search
from schemas.errors import BadInput
from service.api.app import Access, create_app
from service.cli.logs import set_up
from service.cli.options import ALL, setting_options
from service.runtime.resources import Resources, open_resources
from service.settings import Settings

_log = logging.getLogger("cometgraph")


@click.command()
@setting_options(ALL)
def serve(settings: Settings) -> None:
    """Answer over HTTP until stopped.

    An empty store gets the sample graph first. Requests in flight are answered before a stop.
    """
    _refuse_open_door(settings)
    _refuse_no_student(settings)
    Access.of(settings)  # a bad setting is refused before the store is opened
    set_up(settings.log_level, settings.log_format)
    loop = uvicorn.Config("", loop="auto", log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=loop) as runner, _listen(settings.host, settings.port) as listener:
        runner.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async with open_resources(settings, models="now") as resources:
        if await load_sample_if_empty(resources.store):
            _log.info("the store was empty: the sample graph is in it now")
            if resources.retriever is not None:
                resources.retriever.refresh()
        await _announce(resources, settings.host, listener.getsockname()[1])
        config = uvicorn.Config(
            create_app(settings, resources),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            date_header=False,
            timeout_graceful_shutdown=settings.stop_seconds,
        )
        await _Server(config).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Returns after a signal. uvicorn's own server raises the signal again, so the exit code would not be 0."""

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
    """Print the address and a command to try, with an event of the store."""
    events = await resources.store.events(Search(1, prefix="PersonX buys a car")) or await resources.store.events(
        Search(1, prefix="PersonX")
    )
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    host = f"[{host}]" if ":" in host else host
    address = f"http://{host}:{port}"
    event = quote(events[0] if events else "PersonX buys a car")
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
    """Refuse a folder without a student now. Later it would be a line in the log alone."""
    if settings.generate and is_here(settings.student):
        find(settings.student, settings.prompt_form, Path(settings.cache))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
