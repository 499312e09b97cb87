"""The teacher protocol, and teachers by specification."""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from distill.teacher.call_log import CallLog
from distill.teacher.calls import Call, Reply
from distill.teacher.patience import Patience
from distill.teacher.prices import FREE, Prices, prices_of
from schemas.errors import BadInput
from schemas.progress import Progress

IN_PROCESS = "in-process"
"""The address of a teacher without a server."""


class Teacher(Protocol):
    """Answers calls, from the log if it has the reply.

    at_once: calls worth waiting for at once. More do no harm: they go out in the order of `reply`.
    """

    at_once: int

    async def reply(self, call: Call) -> Reply:
        """The reply of a call. Its body is a completion or a chat completion in OpenAI's JSON.

        Raises BudgetSpent for the end of the budget, TeacherRefused for what no repetition mends, and Unavailable for
        a teacher that gives no reply. The same run continues later.
        """
        ...

    def stop(self) -> None:
        """Send no further call. Calls under way end as usual."""
        ...

    async def close(self) -> None:
        """Free its connections or its model."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the calls to a server.

    concurrency: calls under way. The best number up to it finds itself.
    requests, tokens: each minute. None: no limit.
    """

    concurrency: int = 64
    requests: int | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class TeacherSpec:
    """A teacher.

    url: the address of an OpenAI-compatible server, with /v1, or "in-process".
    model: the server's name of the model. In process: smollm2-135m, a folder, or a Hugging Face model id.
    key_env: the environment variable with the API key. None: no key.
    prices: None for those of the table of genai-prices. A teacher in process is free.
    batch: send calls as OpenAI batches, at `Prices.batch`. Replies take up to a day.
    device, threads: of a teacher in process: auto, cpu, cuda or cuda:N, and the CPU threads (0: all cores).
    cache: folder for its unpacked weights, see distill.weights.cache.
    """

    url: str
    model: str
    key_env: str | None = None
    limits: Limits = field(default_factory=Limits)
    prices: Prices | None = None
    patience: Patience = field(default_factory=Patience)
    batch: bool = False
    device: str = "auto"
    threads: int = 0
    cache: Path = Path("data/models")

    def known_prices(self) -> Prices:
        """The prices of its calls. Raises BadInput for a model without known prices."""
        if self.url == IN_PROCESS:
            return FREE
        return self.prices if self.prices is not None else prices_of(self.url, self.model)


async def open_teacher(spec: TeacherSpec, log: CallLog, progress: Progress) -> Teacher:
    """A teacher that is ready.

    log: the open log of the run. The caller closes it after the teacher.
    Raises BadInput for an unknown model, a missing key or unknown prices.
    """
    if spec.url == IN_PROCESS:
        from distill.teacher.in_process import InProcessTeacher, TeacherProcess

        placement = (spec.device, spec.threads, spec.cache)
        return InProcessTeacher(await asyncio.to_thread(TeacherProcess.start, spec.model, *placement, progress), log)
    from distill.teacher.openai_api import OpenAiTeacher, open_client
    from distill.teacher.pace import Pace

    key, prices = _key(spec.key_env), spec.known_prices()
    if spec.batch:
        from distill.teacher.batch_teacher import BatchTeacher

        client = open_client(spec.url, key, spec.patience)
        teacher = BatchTeacher(spec.url, client, log, prices, spec.patience.run)
        await teacher.adopt()
        return teacher
    pace = Pace(spec.limits.concurrency, spec.limits.requests, spec.limits.tokens)
    return OpenAiTeacher(spec.url, key, log, pace, prices, spec.patience)


def _key(variable: str | None) -> str:
    if variable is None:
        return ""
    key = os.environ.get(variable, "")
    if not key:
        message = f"key_env: the environment variable {variable} has no API key"
        raise BadInput.of("key_env", variable, "a variable with the teacher's API key", message)
    return key
