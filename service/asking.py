"""`cometgraph infer | get | stats | settings`: the service's answers without a service."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import click
import httpx2
import orjson
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from schemas.errors import BadInput, StoreLocked
from schemas.matches import Matches
from schemas.questions import Answer
from service import answering, matches
from service.access import LOCAL
from service.app import create_app, furnish
from service.asked import checked
from service.house import House, open_house
from service.infer_file import Job, infer_file
from service.info import info_of
from service.settings import SECRETS, Settings, flag, load_settings, variable
from service.wait_policy import WaitPolicy, waiting_as

_OF_ASKING = (
    "relation",
    "limit",
    "mode",
    "as_is",
    "clause",
    "threshold",
    "min_p_valid",
    "origin",
    "n",
    "temperature",
    "top_p",
    "max_new_tokens",
    "seed",
    "generated",
)


def infer(flags: Mapping[str, Any]) -> int:
    """Answer one event, or a file of questions; 1 where one event is not known."""
    settings = load_settings({name: flags[name] for name in flags if name in Settings.model_fields})
    if (flags["event"] is None) == (flags["input_"] is None):
        raise BadInput.of("event", flags["event"], "given, or --input FILE, but not both")
    if flags["output"] is not None and flags["input_"] is None:
        raise BadInput.of("output", flags["output"], "given together with --input")
    if flags["resume"] and flags["input_"] is None:
        raise BadInput.of("resume", None, "given only together with --input FILE and --output FILE")
    asked = {name: flags[name] for name in _OF_ASKING if flags[name] not in (None, ())}
    if flags["input_"] is not None:
        with waiting_as(WaitPolicy.ENDLESS):
            infer_file(Job(flags["input_"], flags["output"], asked, flags["resume"]), _opened(settings))
        return 0
    question = checked(asked | {"event": flags["event"]})

    async def one() -> Answer:
        async with _opened(settings) as house:
            return await answering.answer(question, house, LOCAL)

    with waiting_as(WaitPolicy.ENDLESS):
        answer = asyncio.run(one())
    click.echo(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS).decode()) if flags["as_json"] else _print(answer)
    return 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[House]:
    """The parts, the student late; what it writes is stored, unless another process has the store open for writing."""
    reads = not (settings.generate and settings.keep)
    try:
        async with open_house(settings, read_only=reads, create=False, models="late") as house:
            yield house
    except StoreLocked:
        async with open_house(settings, read_only=True, models="late") as house:
            yield house


def _print(answer: Answer) -> None:
    table = Table(title=f"{answer.event}  ·  from {answer.source}", title_justify="left", box=None, pad_edge=False)
    for column in ("relation", "inference", "p_valid", "log_prob", "origins"):
        table.add_column(column, no_wrap=column == "relation")
    for said in answer.inferences:
        scores = ("" if score is None else f"{score:.3f}" for score in (said.p_valid, said.log_prob))
        table.add_row(said.relation.value, said.tail, *scores, ", ".join(said.origins))
    for relation in answer.not_applicable:
        table.add_row(relation.value, "does not apply", "", "", "")
    Console().print(table)
    for skipped in answer.degraded:
        click.echo(f"cometgraph: {skipped}", err=True)


def match(flags: Mapping[str, Any]) -> None:
    """Which stored events mean the same as one, as a table or as JSON."""
    settings = load_settings({name: flags[name] for name in flags if name in Settings.model_fields})
    asked = {name: flags[name] for name in ("event", "k", "as_is", "generated") if flags[name] is not None}
    question = matches.checked(asked)

    async def one() -> Matches:
        async with _opened(settings) as house:
            return await matches.matches(question, house)

    with waiting_as(WaitPolicy.ENDLESS):
        said = asyncio.run(one())
    if flags["as_json"]:
        click.echo(orjson.dumps(said).decode())
        return
    table = Table(title=said.event, title_justify="left", box=None, pad_edge=False)
    for column in ("same", "event", "similarity", "confidence", "reason"):
        table.add_column(column)
    for one_ in said.candidates:
        scores = (f"{one_.similarity:.3f}", f"{one_.confidence:.3f}")
        table.add_row("yes" if one_.same else "", one_.event, *scores, one_.reason)
    Console().print(table)


def get(flags: Mapping[str, Any]) -> int:
    """Answer one GET as the service would; its body on standard output, 1 for a status of 400 or more."""
    settings = load_settings({name: value for name, value in flags.items() if name != "address"})
    address: str = flags["address"]
    if not re.fullmatch(r"/(?!/)[^\x00-\x1f\x7f\ud800-\udfff]{0,60000}", address):
        raise BadInput.of("path", address, 'a path, such as "/infer?event=PersonX buys a car"')
    settings = settings.model_copy(update={"api_keys": SecretStr(""), "rate_limit": ""})

    async def ask() -> httpx2.Response:
        async with _opened(settings) as house:
            app = create_app(settings)
            furnish(app, house)
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.get(address)

    with waiting_as(WaitPolicy.ENDLESS):
        response = asyncio.run(ask())
    click.echo(response.content.rstrip(b"\n"))
    return int(response.status_code >= 400)


def stats(flags: Mapping[str, Any]) -> None:
    """How much is in the store."""
    settings = load_settings({name: flags[name] for name in flags if name in Settings.model_fields})

    async def count() -> Any:
        async with open_house(settings, read_only=True) as house:
            return await info_of(house, settings)

    info = asyncio.run(count())
    if flags["as_json"]:
        click.echo(orjson.dumps(info, option=orjson.OPT_NON_STR_KEYS).decode())
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name in ("events", "inferences", "triples", "not_applicable"):
        table.add_row(name.replace("_", " "), f"{getattr(info, name):,}")
    for relation, number in info.triples_by_relation.items():
        if number:
            table.add_row(f"  {relation.value}", f"{number:,}")
    Console().print(info.store)
    Console().print(table)


def settings(flags: Mapping[str, Any]) -> None:
    """Every setting with its value and where it comes from."""
    values = load_settings(flags)
    table = Table(box=None, pad_edge=False)
    for column in ("flag", "variable", "value", "from", "meaning"):
        table.add_column(column)
    for name, field in Settings.model_fields.items():
        origin = "flag" if flags.get(name) is not None else "variable" if variable(name) in os.environ else "default"
        value = getattr(values, name)
        shown = (
            ("(set)" if value.get_secret_value() else "") if name in SECRETS else "" if value is None else str(value)
        )
        table.add_row(flag(name), variable(name), shown, origin, field.description or "")
    Console().print(table)
