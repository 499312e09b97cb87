"""Calls to a teacher: concurrency that finds itself, the cost of the log, and a model in the process beside a server.

The server is `transformers serve` with continuous batching of SmolLM2-135M-Instruct, started by the benchmark on the
CPU. It is asked for inferences with our own prompts, one completion a call, since it knows no `n`.

- A plain loop, and each fixed concurrency from 1 to 64, with the bare client of openai, up to the first with less than
  half of the best rate. A rate counts the replies after the first ones, when all calls are under way.
- Our teacher with its log. Its concurrency starts at 4. Its rate is that of the second minute.
- The log: rounds of the bare client at the best concurrency, without and with a claim and a stored reply for each call.
  On so slow a server a round says little. So the log is also measured by itself: its seconds a call at that
  concurrency, beside the seconds that the server takes for a call.
- In the process: our teacher with one completion a call as the server, and with ten. CTranslate2 int8 with
  `static_prompt` and its own sampler, whose samples depend on those before, with ten.
"""

import asyncio
import json
import socket
import subprocess
import sysconfig
import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import openai

from benchmarks.report import Goal, finish, parser, say, show
from distill.inferences import InferenceRecipe, inference_calls
from distill.teacher.call_log import CallLog
from distill.teacher.calls import Attempt, Call, Cost, Reply, Usage
from distill.teacher.openai_api import OpenAiTeacher, open_client, usage_of
from distill.teacher.pace import Pace
from distill.teacher.patience import Patience
from distill.teacher.prices import FREE
from distill.teacher.requests import TeacherModel
from distill.teacher.teacher import IN_PROCESS, TeacherSpec, open_teacher
from distill.weights.base_models import SMOLLM2, base_folder
from schemas.progress import silent
from schemas.relations import Relation

CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64)
_CEILING = Cost(1, 1, 0)
_LOG_CALLS = 3_000
Ask = Callable[[Call], Awaitable[object]]


def main() -> None:
    """The command."""
    options = parser("teacher", __doc__)
    options.add_argument("--cache", type=Path, default=Path("data/models"), metavar="DIR", help="default data/models")
    options.add_argument("--seconds", type=float, default=12, metavar="N", help="of a fixed concurrency, default 12")
    params = options.parse_args()
    folder = base_folder(SMOLLM2, params.cache, silent)
    with TemporaryDirectory(prefix="cometgraph-teacher-") as scratch:
        result = asyncio.run(_measure(folder, Path(scratch), params.cache, params.seconds, params.seed))
    _report(result, params.output)


def _report(result: dict[str, Any], output: Path) -> None:
    fixed = {int(name): rate for name, rate in result["fixed"].items()}
    best, loop = max(fixed.values()), fixed[1]
    found, log, inside = result["found"]["calls_per_second"], result["log"], result["in_process"]
    rows = [[f"bare client, {name} at once", f"{rate:.2f}"] for name, rate in fixed.items()]
    show("Calls a second", ["", "calls/s"], [*rows, ["our teacher, second minute", f"{found:.2f}"]])
    rows = [["a call at the server", f"{1000 / best:,.1f} ms"]]
    rows += [["the log of a call", f"{log['milliseconds_per_call']:.2f} ms"]]
    rows += [["calls/s with the log by those without, in turns", f"{log['rounds_ratio']:.3f} ×"]]
    show("The log", ["", ""], rows)
    rows = [[name.replace("_", " "), f"{rate:.2f}"] for name, rate in inside.items()]
    show("Completions a second", ["", "1/s"], [["server, at its best", f"{best:.2f}"], *rows])
    goals = [
        Goal("self-found concurrency beside the best fixed one", found / best, "≥", 0.95),
        Goal("self-found concurrency beside a plain loop", found / loop, "≥", 1),
        Goal("cost of the log", log["milliseconds_per_call"] * best / 10, "≤", 3, "%"),
        Goal("ten completions a call in the process, beside the server", inside["ours_10_a_call"] / best, "≥", 1),
    ]
    finish("teacher", output, result, goals)


async def _measure(folder: str, scratch: Path, cache: Path, seconds: float, seed: int) -> dict[str, Any]:
    with _serving(folder, scratch / "server.log") as url:
        calls = _calls(TeacherModel(url, folder), seed, completions=1)
        client = open_client(url, "", Patience())

        async def bare(call: Call) -> object:
            return await _posted(client, call)

        say("warming up")
        await asyncio.gather(*(bare(next(calls)) for _ in range(8)))
        fixed: dict[int, float] = {}
        for concurrency in CONCURRENCIES:
            fixed[concurrency] = await _rate_at(concurrency, bare, calls, seconds)
            say(f"{concurrency} at once: {fixed[concurrency]:.2f} calls/s")
            if fixed[concurrency] < max(fixed.values()) / 2:  # the server is past its best, and may soon be lost
                break
        best = max(fixed, key=lambda name: fixed[name])
        found = await _found(url, scratch / "found.sqlite", calls)
        say(f"self-found: {found['calls_per_second']:.2f} calls/s at {found['concurrency'][-1]}")
        rounds = await _log_rounds(client, scratch / "rounds.sqlite", calls, best)
        await client.close()
    log = await _log_alone(scratch / "alone.sqlite", seed, best) | {"rounds_ratio": rounds}
    inside = {f"ours_{n}_a_call": await _in_process(folder, scratch, cache, seed, n, seconds) for n in (1, 10)}
    inside["ctranslate2_10_a_call"] = await asyncio.to_thread(_ctranslate2, folder, scratch, seed, seconds)
    return {
        "fixed": {str(name): round(rate, 3) for name, rate in fixed.items()},
        "found": found,
        "log": {name: round(value, 3) for name, value in log.items()},
        "in_process": {name: round(rate, 3) for name, rate in inside.items()},
    }


# --- the server ---


@contextmanager
def _serving(folder: str, log: Path) -> Generator[str]:
    """`transformers serve` with one model. Its address, with /v1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [
        str(Path(sysconfig.get_path("scripts")) / "transformers"), "serve", folder, "--continuous-batching",
        "--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port), "--log-level", "error",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            url = f"http://127.0.0.1:{port}/v1"
            _await(url, process)
            yield url
        finally:
            process.terminate()
            process.wait()


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        try:
            if httpx2.get(f"{url}/models", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        if process.poll() is not None:
            raise SystemExit(f"transformers serve ended with code {process.returncode}")
        time.sleep(0.5)
    raise SystemExit("transformers serve did not start")


def _calls(model: TeacherModel, seed: int, completions: int) -> Iterator[Call]:
    """Calls for inferences about events that all differ, of one relation."""
    recipe = InferenceRecipe(relations=(Relation.xIntent,), completions=completions, top_p=0.9)
    places = ("market", "park", "kitchen", "station", "library", "garden", "harbour", "school")
    for number in count():
        event = f"PersonX finds {number + 2} coins in the {places[number % len(places)]}"
        for _, call in inference_calls(recipe, model, seed, [event]):
            yield call


async def _posted(client: openai.AsyncOpenAI, call: Call) -> httpx2.Response:
    body = {name: value for name, value in call.request["body"].items() if name not in ("n", "logprobs")}
    return await client.post(call.request["path"], cast_to=httpx2.Response, body=body)


async def _rate_at(concurrency: int, ask: Ask, calls: Iterator[Call], seconds: float) -> float:
    """Replies a second at a fixed concurrency, after as many replies as calls at once."""
    times: list[float] = []
    is_over = asyncio.Event()

    async def worker() -> None:
        while not is_over.is_set():
            await ask(next(calls))
            times.append(time.monotonic())
            if len(times) > concurrency and times[-1] - times[concurrency - 1] >= seconds:
                is_over.set()

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
        await is_over.wait()
        counted = times[concurrency - 1 :]
    return (len(counted) - 1) / (counted[-1] - counted[0])


async def _found(url: str, path: Path, calls: Iterator[Call]) -> dict[str, Any]:
    """Our teacher for two minutes: its rate in the second one, and its concurrency every ten seconds."""
    log = CallLog.open(path, "found")
    pace = Pace(64)
    teacher = OpenAiTeacher(url, "", log, pace, FREE)
    times: list[float] = []
    is_over = False

    async def worker() -> None:
        while not is_over:
            call = next(calls)
            names = ("n", "logprobs")
            body = {name: value for name, value in call.request["body"].items() if name not in names}
            await teacher.reply(replace(call, request=call.request | {"body": body}))
            times.append(time.monotonic())

    began = time.monotonic()
    workers = [asyncio.create_task(worker()) for _ in range(64)]
    concurrency: list[int] = []
    for _ in range(12):
        await asyncio.sleep(10)
        concurrency.append(pace.concurrency)
    is_over = True
    in_second = sum(60 <= one - began < 120 for one in times)
    await asyncio.gather(*workers)
    await teacher.close()
    log.close()
    return {"calls_per_second": round(in_second / 60, 3), "concurrency": concurrency}


# --- the log ---


async def _log_rounds(client: openai.AsyncOpenAI, path: Path, calls: Iterator[Call], concurrency: int) -> float:
    """The rate with the log by that without, the median of two pairs of rounds."""
    log = CallLog.open(path, "rounds")

    async def bare(call: Call) -> object:
        return await _posted(client, call)

    async def logged(call: Call) -> object:
        attempt = await log.claim(call, _CEILING)
        assert isinstance(attempt, Attempt)
        response = await _posted(client, call)
        usage = usage_of(response.content)
        assert usage is not None
        reply = Reply(200, dict(response.headers), response.content, usage)
        await asyncio.wrap_future(log.answered(attempt, reply, FREE.cost(usage)))
        return reply

    ratios: list[float] = []
    for _ in range(2):
        with_log = await _rate_at(concurrency, logged, calls, 10)
        without = await _rate_at(concurrency, bare, calls, 10)
        ratios.append(with_log / without)
        say(f"with the log {with_log:.2f}, without {without:.2f} calls/s")
    log.close()
    return median(ratios)


async def _log_alone(path: Path, seed: int, concurrency: int) -> dict[str, float]:
    """Seconds of the log for a call, if so many calls are under way and the server takes no time."""
    log = CallLog.open(path, "alone")
    calls = _calls(TeacherModel("http://127.0.0.1/v1", "model"), seed, completions=1)
    mine = [next(calls) for _ in range(_LOG_CALLS)]
    waiting = iter(mine)
    body = json.dumps({"choices": [{"text": " to buy something", "finish_reason": "stop"}]}).encode()

    async def worker() -> None:
        for call in waiting:
            attempt = await log.claim(call, _CEILING)
            assert isinstance(attempt, Attempt)
            await asyncio.wrap_future(log.answered(attempt, Reply(200, {}, body, Usage(300, 0, 8)), _CEILING))

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    seconds = time.perf_counter() - began
    log.close()
    return {"milliseconds_per_call": 1000 * seconds / _LOG_CALLS}


# --- in the process ---


async def _in_process(folder: str, scratch: Path, cache: Path, seed: int, n: int, seconds: float) -> float:
    """Completions a second of our teacher, without its start."""
    log = CallLog.open(scratch / f"inside-{n}.sqlite", "inside")
    teacher = await open_teacher(TeacherSpec(IN_PROCESS, folder, device="cpu", cache=cache), log, silent)
    calls = _calls(TeacherModel(IN_PROCESS, folder), seed, completions=n)
    rate = await _rate_at(teacher.at_once, teacher.reply, calls, seconds) * n
    await teacher.close()
    log.close()
    say(f"in the process, {n} completions a call: {rate:.1f} completions/s")
    return rate


def _ctranslate2(folder: str, scratch: Path, seed: int, seconds: float) -> float:
    """Completions a second of CTranslate2 int8, one prompt with ten completions at a time."""
    import ctranslate2
    from transformers import AutoTokenizer

    from distill.weights.convert import convert

    target = scratch / "ct2"
    target.mkdir()
    convert(Path(folder), target, "int8")
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = ctranslate2.Generator(str(target), device="cpu", compute_type="int8")
    ends = [token for token, _ in tokenizer.get_vocab().items() if "Ċ" in token] + [tokenizer.eos_token]
    calls = _calls(TeacherModel(IN_PROCESS, folder), seed, completions=10)

    def ask() -> None:
        beginning, blank, rest = next(calls).request["body"]["prompt"].rpartition("\n\n")
        static, prompt = _tokens(tokenizer, beginning + blank), _tokens(tokenizer, rest)
        model.generate_batch(
            [prompt], static_prompt=static, num_hypotheses=10, sampling_topk=0, sampling_topp=0.9, max_length=12,
            include_prompt_in_result=False, end_token=ends,
        )  # fmt: skip

    ask()
    began = time.perf_counter()
    asked = 0
    while (passed := time.perf_counter() - began) < seconds:
        ask()
        asked += 1
    return 10 * asked / passed


def _tokens(tokenizer: Any, text: str) -> Sequence[str]:
    return tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])


if __name__ == "__main__":
    main()
