"""Clients of a service that generates: each asks its next question when it has the answer to the one before."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any

import httpx2
import pyarrow as pa
import pyarrow.compute as pc

from graph.loading.lines import sources
from graph.loading.reader import Filters, read
from graph.tables.columns import RELATION_CODE
from schemas.relations import RELATIONS, Relation

SOCIAL = [relation for relation, info in RELATIONS.items() if info.group == "social"]
_PATIENCE = 60.0
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Asking:
    """One relation of one event."""

    event: str
    relation: Relation


@dataclass(slots=True)
class Heard:
    """What clients heard. seconds: from the first question to the last answer; calls: seconds of each answer."""

    seconds: float = 0.0
    calls: list[float] = field(default_factory=list[float])
    answered: list[Asking] = field(default_factory=list[Asking])
    tails: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    model: dict[str, Any] = field(default_factory=dict[str, Any])

    def add(self, question: Asking, response: httpx2.Response, took: float) -> None:
        """Count an answer. The event is noted as the service writes it; what is not 200 is counted apart."""
        self.statuses[response.status_code] += 1
        if response.status_code != httpx2.codes.OK:
            return
        said = response.json()
        self.calls.append(took)
        self.answered.append(Asking(said["event"], question.relation))
        self.tails += len(said["inferences"])
        self.model = said["model"]


def questions(file: str) -> list[Asking]:
    """Every head of the file's rows that no student was trained on, with each of the nine social relations.

    That is: heads of dev and test rows with such a relation. Raises SystemExit where there is none.
    """
    heads: dict[str, None] = {}
    codes = pa.array([RELATION_CODE[relation] for relation in SOCIAL])
    for source in sources([file]):
        for split in ("dev", "test"):
            for chunk in read(source, None, Filters(split=split), None):
                social = chunk.rows.filter(pc.is_in(chunk.rows.column("relation"), value_set=codes))
                heads |= dict.fromkeys(social.column("head").unique().to_pylist())
    if not heads:
        raise SystemExit(f"{file}: no head of a dev or test row that has one of the nine social relations")
    return [Asking(head, relation) for head in heads for relation in SOCIAL]


def ask(
    address: str,
    asked: Iterator[Asking],
    decoding: str,
    *,
    clients: int = 1,
    seconds: float = inf,
    most: float = inf,
    strict: bool = True,
) -> Heard:
    """Ask from so many clients, for so long, until so many have been answered, or until there are no more questions.

    What was begun is waited for. strict: raise SystemExit where most questions fail.
    """
    return asyncio.run(_ask(address, asked, decoding, clients, seconds, most, strict))


def wait_for(address: str, asked: Iterable[Asking], **said: str) -> None:
    """Ask, one question after another, until one is answered. Raises SystemExit with what is said after a minute."""
    until = time.perf_counter() + _PATIENCE
    with httpx2.Client(base_url=address, trust_env=False, timeout=_PATIENCE) as client:
        for question in asked:
            response = client.get("/infer", params=_params(question) | said)
            if response.status_code == httpx2.codes.OK:
                return
            if time.perf_counter() > until:
                raise SystemExit(f"no answer within {_PATIENCE:g} s: {response.text}")
            time.sleep(_PAUSE)
    raise SystemExit("there are no more questions to ask")


async def _ask(
    address: str, asked: Iterator[Asking], decoding: str, clients: int, seconds: float, most: float, strict: bool
) -> Heard:
    heard = Heard()
    started = time.perf_counter()

    async def one(client: httpx2.AsyncClient) -> None:
        while time.perf_counter() - started < seconds and len(heard.calls) < most:
            question = next(asked, None)
            if question is None:
                return
            began = time.perf_counter()
            params = _params(question) | {"mode": "generate", "decoding": decoding}
            response = await client.get("/infer", params=params)
            heard.add(question, response, time.perf_counter() - began)
            if strict and sum(heard.statuses.values()) > 20 and 2 * len(heard.calls) < sum(heard.statuses.values()):
                raise SystemExit(f"{address}: most questions fail, the last one with {response.text}")

    async with httpx2.AsyncClient(base_url=address, trust_env=False, timeout=_PATIENCE) as client:
        await asyncio.gather(*(one(client) for _ in range(clients)))
    heard.seconds = time.perf_counter() - started
    return heard


def _params(question: Asking) -> dict[str, str]:
    return {"event": question.event, "relation": question.relation.value}
