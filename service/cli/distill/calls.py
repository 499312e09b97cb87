"""`cometgraph distill calls`."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
import orjson

from distill.teacher.call_records import Total, attempts, totals
from distill.teacher.calls import Cost, State
from graph.atomic_write import atomic_write
from schemas.errors import BadInput
from service.cli.table import print_table


@click.command()
@click.option("--out", metavar="DIR", help="Folder of a run: its calls.sqlite is read.")
@click.option("--log", "file", metavar="FILE", help="A call log by itself.")
@click.option("--state", metavar="NAME", help=f"List the attempts in one state: {', '.join(get_args(State))}.")
@click.option("--export", metavar="FILE", help="Write all attempts with requests and raw replies, as JSON lines.")
def calls(out: str | None, file: str | None, state: str | None, export: str | None) -> None:
    """List or export the calls to a teacher.

    Tokens and money of `sent` and `unknown` attempts are their highest possible cost.
    """
    path = _log_of(out, file)
    if state is not None and state not in get_args(State):
        raise BadInput.of("state", state, "one of: " + ", ".join(get_args(State)))
    if export is not None:
        count = _export(path, Path(export))
        click.echo(f"{count:,} attempts are in {export}")
    elif state is not None:
        _list(path, state)
    else:
        _sum_up(totals(path))


def _log_of(out: str | None, file: str | None) -> Path:
    if (out is None) == (file is None):
        message = "out: give either --out DIR or --log FILE"
        raise BadInput.of("out", out, "given, or --log in its place", message)
    return Path(out) / "calls.sqlite" if out is not None else Path(file or "")


def _sum_up(lines: list[Total]) -> None:
    rows = [(line.run, line.stage, line.state, *_numbers(line.cost, line.cached)) for line in lines]
    if len(lines) > 1:
        whole = sum((line.cost for line in lines), Cost())
        rows.append(("all", "", "", *_numbers(whole, sum(line.cached for line in lines))))
    columns = ("run", "stage", "state", "attempts", "tokens", "of them cached", "US dollars")
    print_table("", columns, rows, right=(3, 4, 5, 6))


def _numbers(cost: Cost, cached: int) -> tuple[str, str, str, str]:
    return f"{cost.calls:,}", f"{cost.tokens:,}", f"{cached:,}", _dollars(cost)


def _dollars(cost: Cost) -> str:
    return f"{cost.nanodollars / 1e9:.6f}"


def _list(path: Path, state: str) -> None:
    rows = [
        (
            str(one["id"]),
            datetime.fromtimestamp(one["sent_at"], UTC).strftime("%Y-%m-%d %H:%M:%S"),
            one["run"],
            one["stage"],
            one["call"][:12],
            f"{one['tokens']:,}",
            _dollars(Cost(1, 0, one["nanodollars"])),
            one["reason"] or "",
        )
        for one in attempts(path)
        if one["state"] == state
    ]
    columns = ("attempt", "sent (UTC)", "run", "stage", "call", "tokens", "US dollars", "reason")
    print_table("", columns, rows, unwrapped=(1,), right=(0, 5, 6))


def _export(path: Path, target: Path) -> int:
    """Write all attempts. Returns their number."""
    count = 0
    with atomic_write(target) as part, part.open("wb") as file:
        for one in attempts(path):
            file.write(orjson.dumps(_portable(one)) + b"\n")
            count += 1
    return count


def _portable(attempt: dict[str, Any]) -> dict[str, Any]:
    """An attempt as JSON. A body that is no text is in base 64."""
    body: bytes = attempt.pop("body") or b""
    try:
        return attempt | {"body": body.decode()}
    except UnicodeDecodeError:
        return attempt | {"body": None, "body_base64": b64encode(body).decode()}
