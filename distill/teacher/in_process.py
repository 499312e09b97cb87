"""A teacher without a server: a model in a child process, through the same log at price 0.

Its replies have the JSON of OpenAI's completions and chat completions. The key of a call is the seed of its samples,
so a reply depends on its call alone.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from distill.engines.sample_jobs import Sample, Sampled, SampleJob
from distill.teacher.call_log import CallLog
from distill.teacher.calls import Attempt, Call, CallRefused, Reply, Usage
from distill.teacher.prices import FREE
from distill.teacher.slots import Slots
from distill.weights.child import Channel, Child
from schemas.errors import BadInput, Unavailable
from schemas.progress import Progress
from schemas.validation import bad_input

_BATCH = {"cpu": 320, "cuda": 2048}
"""Samples in a batch. Calls under way have at most twice as many, so that the next batch waits ready."""
_GATHER_SECONDS = 0.01
"""Time for calls to arrive before a first batch."""
_Waiting = tuple[SampleJob, "asyncio.Future[Sampled | BadInput]"]


class InProcessTeacher:
    """See distill.teacher.teacher.Teacher."""

    def __init__(self, process: "TeacherProcess", log: CallLog) -> None:
        self.process = process
        self._log = log
        self._batch = _BATCH[process.device.partition(":")[0]]
        self.at_once = self._batch // 5  # of ten samples each
        self._slots = Slots(2 * self._batch)
        self._waiting = deque[_Waiting]()
        self._thread = ThreadPoolExecutor(1, "teacher")
        self._is_busy = False
        self._is_stopped = False

    async def reply(self, call: Call) -> Reply:
        if (stored := await self._log.stored(call)) is not None:
            return stored
        job = _job(call)
        async with self._slots.place(job.n):
            if self._is_stopped:
                raise Unavailable("the teacher was stopped", None)
            attempt = await self._log.claim(call, FREE.ceiling(len(orjson.dumps(call.request["body"])), _drawn(job)))
            if isinstance(attempt, Reply):
                return attempt
            return await self._answer(attempt, job)

    def stop(self) -> None:
        self._is_stopped = True

    async def close(self) -> None:
        await asyncio.to_thread(self.process.child.close)
        self._thread.shutdown()

    async def _answer(self, attempt: Attempt, job: SampleJob) -> Reply:
        try:
            sampled = await self._sample(job)
        except BaseException as error:  # the process has ended, or the caller has: nothing is paid
            self._log.refused(attempt, f"{type(error).__name__}: {error}")
            raise
        if isinstance(sampled, BadInput):
            self._log.refused(attempt, str(sampled))
            raise CallRefused(f"the teacher refuses a call: {sampled}")
        usage = Usage(sampled.prompt_tokens, 0, sum(sample.drawn for sample in sampled.samples))
        body = orjson.dumps(_body(attempt.call.request, sampled, usage))
        reply = Reply(200, {"content-type": "application/json"}, body, usage)
        await asyncio.wrap_future(self._log.answered(attempt, reply, FREE.cost(usage)))
        return reply

    async def _sample(self, job: SampleJob) -> Sampled | BadInput:
        """The samples of a job, in a batch with others."""
        future: asyncio.Future[Sampled | BadInput] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if not self._is_busy:
            self._is_busy = True
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._start)
        return await future

    def _start(self) -> None:
        batch: list[_Waiting] = []
        room = self._batch
        while self._waiting and (not batch or self._waiting[0][0].n <= room):
            job, future = self._waiting.popleft()
            if not future.cancelled():
                batch.append((job, future))
                room -= job.n
        if not batch:
            self._is_busy = False
            return
        work = self._thread.submit(self.process.channel.call, "sample", [job for job, _ in batch])
        asyncio.wrap_future(work).add_done_callback(lambda done: self._done(batch, done))

    def _done(self, batch: "list[_Waiting]", done: "asyncio.Future[list[Sampled | BadInput]]") -> None:
        error = done.exception()
        for n, (_, future) in enumerate(batch):
            if future.cancelled():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result()[n])
        self._start()


@dataclass(frozen=True, slots=True)
class TeacherProcess:
    """A child process with a model. device: cpu, cuda or cuda:N."""

    child: Child
    channel: Channel
    device: str

    @classmethod
    def start(cls, model: str, device: str, threads: int, cache: Path, progress: Progress) -> "TeacherProcess":
        """Start the process and load the model. See `TeacherSpec`. Raises BadInput, and Unavailable for a full disk."""
        child = Child("the teacher")
        try:
            channel = child.channel()
            return cls(child, channel, channel.open(_open, model, device, threads, cache, progress=progress))
        except BaseException:
            child.close()
            raise


def _open(model: str, device: str, threads: int, cache: Path, progress: Progress) -> tuple[Any, str]:
    """In the child process: the engine and its device."""
    import torch

    from distill.engines.shared_prefix import SharedPrefixEngine
    from distill.weights.base_models import base_folder, fast_dtype

    if threads:
        torch.set_num_threads(threads)
    if device != "cpu" and not torch.cuda.is_available():
        if device != "auto":
            raise BadInput.of("device", device, "cpu or auto", "device: torch finds no GPU here; use cpu or auto")
        device = "cpu"
    device = "cuda" if device == "auto" else device
    folder = base_folder(model, cache, progress)
    progress(f"loading the teacher on {device}", 0, 0)
    return SharedPrefixEngine.load(folder, device, torch.float32 if device == "cpu" else fast_dtype(device)), device


class _Body(BaseModel):
    """The members of a request that this teacher honours. It refuses others."""

    model_config = ConfigDict(extra="forbid", strict=True)
    model: str
    prompt: str | None = None
    messages: list[dict[str, str]] | None = None
    n: int = Field(1, ge=1, le=1000)
    max_tokens: int = Field(16, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float = Field(1.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    presence_penalty: float = Field(0.0, ge=-2, le=2)
    frequency_penalty: float = Field(0.0, ge=-2, le=2)
    stop: str | list[str] | None = None
    seed: int | None = None
    logprobs: int | bool | None = None


def _job(call: Call) -> SampleJob:
    """The job of a call. Raises BadInput."""
    try:
        body = _Body.model_validate(call.request["body"])
    except ValidationError as error:
        raise bad_input(error.errors(), list(_Body.model_fields)) from None
    is_chat = call.request["path"] == "/chat/completions"
    messages = tuple((message["role"], message["content"]) for message in body.messages or ())
    return SampleJob(
        prompt=messages if is_chat else body.prompt or "",
        seed=int(call.key[:16], 16),
        n=body.n,
        max_tokens=body.max_completion_tokens or body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
    )


def _drawn(job: SampleJob) -> int:
    return job.n * job.max_tokens


def _body(request: Mapping[str, Any], sampled: Sampled, usage: Usage) -> dict[str, Any]:
    """A reply in OpenAI's JSON. It has no time and no id of its own: equal calls have equal replies."""
    is_chat = request["path"] == "/chat/completions"
    has_log_probs = request["body"].get("logprobs") not in (None, False)
    choice = _chat_choice if is_chat else _text_choice
    return {
        "id": "in-process",
        "object": "chat.completion" if is_chat else "text_completion",
        "created": 0,
        "model": request["body"]["model"],
        "choices": [
            {"index": n, "finish_reason": sample.finish} | choice(sample, has_log_probs)
            for n, sample in enumerate(sampled.samples)
        ],
        "usage": {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.completion,
            "total_tokens": usage.prompt + usage.completion,
        },
    }


def _text_choice(sample: Sample, has_log_probs: bool) -> dict[str, Any]:
    log_probs = {
        "tokens": sample.tokens,
        "token_logprobs": sample.log_probs,
        "top_logprobs": None,
        "text_offset": [sum(map(len, sample.tokens[:n])) for n in range(len(sample.tokens))],
    }
    return {"text": sample.text, "logprobs": log_probs if has_log_probs else None}


def _chat_choice(sample: Sample, has_log_probs: bool) -> dict[str, Any]:
    content = [
        {"token": token, "logprob": log_prob, "bytes": None, "top_logprobs": []}
        for token, log_prob in zip(sample.tokens, sample.log_probs, strict=True)
    ]
    message = {"role": "assistant", "content": sample.text, "refusal": None}
    return {"message": message, "logprobs": {"content": content} if has_log_probs else None}
