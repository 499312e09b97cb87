"""A real OpenAI-compatible server: /v1/completions over our own engine on a small checkpoint, in a thread."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from distill.engines.decoding import Decoding
from distill.engines.engine import Completion, Engine, GenerationJob, ScoredToken


def app_of(engine: Engine) -> FastAPI:
    """The part of the API that a student needs: n, sampling with a seed, log-probabilities, echo."""
    app = FastAPI()
    one_at_a_time = threading.Lock()

    @app.post("/v1/completions")
    def completions(said: dict[str, Any]) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        with one_at_a_time:
            if said.get("echo"):
                prompt, tail = said["prompt"].rsplit(":", 1)
                return _body([_echo(prompt + ":", engine.score([(prompt + ":", tail)])[0])])
            method = "sample" if said["temperature"] else "greedy"
            decoding = Decoding(
                method,
                n=said["n"],
                temperature=said["temperature"] or 1.0,
                top_p=said.get("top_p", 1.0),
                max_new_tokens=said["max_tokens"],
            )
            [drafts] = engine.draft([GenerationJob(said["prompt"], decoding, said.get("seed", 0))])
            assert isinstance(drafts, list)
            return _body([_choice(draft) for draft in drafts])

    return app


def _body(choices: list[dict[str, Any]]) -> dict[str, Any]:
    numbered = [{"index": n} | choice for n, choice in enumerate(choices)]
    return {"id": "1", "object": "text_completion", "created": 0, "model": "tiny", "choices": numbered}


def _choice(draft: Completion) -> dict[str, Any]:
    log_probs = {"tokens": [draft.text], "token_logprobs": [draft.log_prob], "top_logprobs": None, "text_offset": [0]}
    return {"text": draft.text, "finish_reason": "stop" if draft.finished else "length", "logprobs": log_probs}


def _echo(prompt: str, tokens: list[ScoredToken]) -> dict[str, Any]:
    texts = [prompt, *(token.token for token in tokens)]
    offsets = [sum(map(len, texts[:n])) for n in range(len(texts))]
    log_probs = {
        "tokens": texts,
        "token_logprobs": [None, *(token.log_prob for token in tokens)],
        "top_logprobs": None,
        "text_offset": offsets,
    }
    return {"text": "".join(texts), "finish_reason": "length", "logprobs": log_probs}


BROKEN: dict[str, Callable[[], Response]] = {
    "a page": lambda: PlainTextResponse("<html>welcome</html>", media_type="text/html"),
    "no JSON": lambda: PlainTextResponse("{{{", media_type="application/json"),
    "nothing": lambda: JSONResponse({}),
    "no choices": lambda: JSONResponse(_body([])),
    "no text": lambda: JSONResponse(_body([{"finish_reason": "stop", "logprobs": None}])),
    "no log-probabilities": lambda: JSONResponse(_body([{"text": " sad", "finish_reason": "stop", "logprobs": None}])),
    "noise": lambda: JSONResponse(_body([_choice(Completion(" \x00 … ??", -1.0, finished=True))])),
    "an error": lambda: JSONResponse({"error": {"message": "out of luck"}}, 500),
    "a refusal": lambda: JSONResponse({"error": {"message": "unknown parameter"}}, 400),
}


def broken_app(how: str) -> FastAPI:
    """A server that answers wrongly; "slow": not within a minute."""
    app = FastAPI()

    @app.post("/v1/completions")
    async def completions(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        if how == "slow":
            for _ in range(600):
                if await request.is_disconnected():
                    break
                await asyncio.sleep(0.1)
            return Response()
        return BROKEN[how]()

    return app


@dataclass(slots=True)
class Desk:
    """A server that notes each prompt as it comes, and answers "happy" while it is open."""

    prompts: list[str] = field(default_factory=list[str])
    opened: threading.Event = field(default_factory=threading.Event)

    def app(self) -> FastAPI:
        """The server."""
        app = FastAPI()

        @app.post("/v1/completions")
        def completions(body: dict[str, Any]) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
            self.prompts.append(body["prompt"])
            self.opened.wait()
            return _body([_choice(Completion(" happy", -1.0, finished=True))])

        return app


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The base URL of an application that is served."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:  # also after a failed test, which would never end otherwise
            server.should_exit = True
            thread.join()
