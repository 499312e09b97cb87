"""`cometgraph infer`: answers without a service."""

import asyncio
from collections.abc import Mapping
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from schemas.errors import BadInput
from schemas.infer import Answer
from service.answering import cascade as answering
from service.answering.caller import LOCAL
from service.answering.questions import checked
from service.cli.infer_file import Job, infer_file
from service.runtime.resources import open_for_command
from service.runtime.wait_policy import WaitPolicy, waiting_as
from service.settings import Settings, load_settings

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
            infer_file(Job(flags["input_"], flags["output"], asked, flags["resume"]), open_for_command(settings))
        return 0
    question = checked(asked | {"event": flags["event"]})

    async def one() -> Answer:
        async with open_for_command(settings) as resources:
            return await answering.answer(question, resources, LOCAL)

    with waiting_as(WaitPolicy.ENDLESS):
        answer = asyncio.run(one())
    click.echo(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS).decode()) if flags["as_json"] else _print(answer)
    return 0


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
