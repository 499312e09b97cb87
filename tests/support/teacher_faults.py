"""A run of many calls against a server with faults, and the reconciliation of its log with the server's own."""

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import orjson

from distill.teacher.call_log import CallLog
from distill.teacher.call_records import attempts, by_state
from distill.teacher.calls import Budget, Call, Reply
from distill.teacher.openai_api import OpenAiTeacher
from distill.teacher.pace import Pace
from distill.teacher.patience import Patience
from distill.teacher.prices import Prices
from tests.support.teacher_server import TeacherServer

PRICES = Prices(Decimal(2), Decimal(1), Decimal(8))
KEY = "sk-secret"
MOST_AT_ONCE = 16
_AGAIN = 20
"""Calls in place of one with a useless reply."""


def call(url: str, number: int, n: int = 2) -> Call:
    """A call of its own for each number."""
    body = {"model": "t", "prompt": f"the event number {number}:", "max_tokens": 12, "n": n}
    return Call("events", url, {"path": "/completions", "body": body})


def texts(reply: Reply) -> list[str] | None:
    """The texts of a reply. None for a useless one."""
    try:
        return [choice["text"] for choice in orjson.loads(reply.body)["choices"]]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


async def ask(url: str, path: Path, calls: int, budget: Budget, patience: Patience) -> list[object]:
    """The texts or the error of each call. A call with a useless reply is asked again, as a new call."""
    log = CallLog.open(path, "run", budget)
    teacher = OpenAiTeacher(url, KEY, log, Pace(MOST_AT_ONCE), PRICES, patience)

    async def one(number: int) -> list[str]:
        first = call(url, number)
        for again in range(_AGAIN):
            found = texts(await teacher.reply(replace(first, again=again)))
            if found is not None and len(found) == first.request["body"]["n"]:
                return found
        raise AssertionError(f"call {number}: {_AGAIN} useless replies")

    try:
        return list(await asyncio.gather(*(one(number) for number in range(calls)), return_exceptions=True))
    finally:
        await teacher.close()
        log.close()


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Our log beside the server's.

    told: tokens of replies with usage, ours and the server's.
    spent, charged: all tokens that we count as spent, and all that the server charged. The difference is the ceilings
    of attempts without a known usage.
    repeated: charged replies to a call that the server had answered before.
    unexplained: those of them without an attempt that our log names `unknown`.
    """

    told: tuple[int, int]
    spent: int
    charged: int
    nanodollars: int
    charged_nanodollars: int
    repeated: int
    unexplained: int
    states: dict[str, int]
    reasons: dict[str, int]


def reconcile(path: Path, server: TeacherServer) -> Reconciled:
    """Compare the log in a file with the server's."""
    rows = list(attempts(path))
    costs = by_state(path).values()
    answered = Counter(server.answered)
    unknown = Counter(row["call"] for row in rows if row["state"] == "unknown")
    known = [row for row in rows if row["state"] == "answered" and row["prompt_tokens"]]
    return Reconciled(
        told=(sum(row["tokens"] for row in known), server.tokens_told),
        spent=sum(cost.tokens for cost in costs),
        charged=server.tokens,
        nanodollars=sum(cost.nanodollars for cost in costs),
        charged_nanodollars=server.bill(PRICES),
        repeated=sum(count - 1 for count in answered.values()),
        unexplained=sum(max(0, count - 1 - unknown[key]) for key, count in answered.items()),
        states=dict(Counter(row["state"] for row in rows)),
        reasons=dict(Counter((row["reason"] or "").partition(":")[0] for row in rows)),
    )
