"""`cometgraph infer | get | stats | settings`: the service's answers without a service."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import click
import httpx2
import orjson
from pydantic import SecretStr
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from graph.files import Source, opened
from schemas.errors import BadFile, BadInput, CometgraphError, StoreLocked
from schemas.matches import Matches
from schemas.questions import Answer
from service import answering, matches
from service.app import create_app, furnish
from service.asked import checked
from service.house import House, open_house
from service.info import info_of
from service.problems import problem
from service.settings import SECRETS, Settings, flag, load_settings, variable

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
)
_AT_A_TIME = 1000


def infer(flags: Mapping[str, Any]) -> int:
    """Answer one event, or a file of questions; 1 where one event is not known."""
    settings = load_settings({name: flags[name] for name in flags if name in Settings.model_fields})
    if (flags["event"] is None) == (flags["input_"] is None):
        raise BadInput.of("event", flags["event"], "given, or --input FILE, but not both")
    if flags["output"] is not None and flags["input_"] is None:
        raise BadInput.of("output", flags["output"], "given together with --input")
    asked = {name: flags[name] for name in _OF_ASKING if flags[name] not in (None, ())}
    if flags["input_"] is not None:
        asyncio.run(_many(settings, asked, flags["input_"], flags["output"]))
        return 0
    question = checked(asked | {"event": flags["event"]})

    async def one() -> Answer:
        async with _opened(settings) as house:
            return await answering.answer(question, house)

    answer = asyncio.run(one())
    click.echo(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS).decode()) if flags["as_json"] else _print(answer)
    return 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[House]:
    """The parts, the student late; what it writes is stored, unless another process has the store open for writing."""
    try:
        async with open_house(settings, read_only=not settings.generate, create=False, models="late") as house:
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


async def _many(settings: Settings, asked: dict[str, Any], source: str, target: str | None) -> None:
    """One answer or problem a line, in the order of the questions; the output file appears when it is whole."""
    path = None if source == "-" else Path(source)
    if path is not None and (path.is_dir() or not path.exists()):
        raise BadFile(source, "a folder" if path.is_dir() else "no such file")
    async with _opened(settings) as house:
        with _written(target) as out, _bar() as bar, opened(Source(source, path)) as blocks:
            task = bar.add_task("answering", total=path.stat().st_size if path else None)
            for block in blocks:
                lines = iter([line for line in block.lines if line is None or line.strip()])
                while batch := list(islice(lines, _AT_A_TIME)):
                    said = [_said(line, asked) for line in batch]
                    for result in await answering.answer_all(said, house):
                        body = problem(result) if isinstance(result, CometgraphError) else result
                        out.write(orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))
                bar.update(task, completed=block.position)


def _said(line: bytes | None, asked: dict[str, Any]) -> Any:
    """A line's question; what it does not say is taken from the flags. What is no JSON is answered with a problem."""
    try:
        said = orjson.loads(line or b"")
    except orjson.JSONDecodeError:
        return None if line is None else line.decode("utf-8", "replace")
    return asked | cast(dict[str, Any], said) if isinstance(said, dict) else said


@contextmanager
def _written(target: str | None) -> Generator[IO[bytes]]:
    if target is None:
        yield sys.stdout.buffer
        return
    plain = not Path(target).exists() or Path(target).is_file()
    final = Path(target).resolve() if plain else Path(target)  # a pipe is written to as it is
    part = final.with_name(final.name + ".part") if plain else final
    try:
        file = part.open("wb")
    except OSError as error:
        raise BadInput.of("output", target, f"a file that can be written ({error.strerror})") from error
    try:
        with file:
            yield file
        if plain:
            part.replace(final)
    finally:
        if plain:
            part.unlink(missing_ok=True)


def _bar() -> Progress:
    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def match(flags: Mapping[str, Any]) -> None:
    """Which stored events mean the same as one, as a table or as JSON."""
    settings = load_settings({name: flags[name] for name in flags if name in Settings.model_fields})
    asked = {name: flags[name] for name in ("event", "k", "as_is") if flags[name] is not None}
    question = matches.checked(asked)

    async def one() -> Matches:
        async with _opened(settings) as house:
            return await matches.matches(question, house)

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
            async with httpx2.AsyncClient(transport=transport, base_url="http://cometgraph") as client:
                return await client.get(address)

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
