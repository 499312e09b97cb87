"""The batch endpoints of an OpenAI-compatible server: it fails as told, and keeps a log of its own."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.support.teacher_server import TeacherServer, _Cut  # pyright: ignore[reportPrivateUsage]


@dataclass
class BatchServer(TeacherServer):
    """Runs batches. A batch ends at its third look.

    fate: the fate of a line, by its place among all lines: "" answered, "500", "too long", "expired", "missing".
    at: called at each point "upload", "create", "list", "look" and "download", after the work and before the reply.
        A result of "cut" cuts the connection there, "429" refuses the request before the work.
    flaw: why the next batch fails before it begins, such as "token_limit_exceeded". "" for none.
    """

    fate: Callable[[int], str] = lambda _: ""
    at: Callable[[str], str] = lambda _: ""
    flaw: str = ""
    created: list[str] = field(default_factory=list[str])
    """The input's hash of each created batch."""
    _files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _batches: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _looks: dict[str, int] = field(default_factory=dict[str, int])
    _lines: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/files", self._upload, methods=["POST"]),
                Route("/v1/files/{id}/content", self._download),
                Route("/v1/batches", self._create, methods=["POST"]),
                Route("/v1/batches", self._list),
                Route("/v1/batches/{id}", self._look),
                Route("/v1/completions", self._complete, methods=["POST"]),
            ]
        )

    async def _upload(self, request: Request) -> Response:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = message_from_bytes(head + await request.body()).get_payload()
        fields = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts}
        assert fields["purpose"] == b"batch"
        content = fields["file"]
        return self._answer("upload", lambda: self._file(content))

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        return self._answer("create", lambda: self._made(body))

    async def _list(self, request: Request) -> Response:
        newest = list(reversed(self._batches.values()))
        return self._answer("list", lambda: {"object": "list", "data": newest, "has_more": False})

    async def _look(self, request: Request) -> Response:
        return self._answer("look", lambda: self._seen(request.path_params["id"]))

    async def _download(self, request: Request) -> Response:
        result = self._answer("download", lambda: {})
        if isinstance(result, _Cut) or result.status_code != 200:
            return result
        return PlainTextResponse(self._files[request.path_params["id"]])

    def _answer(self, point: str, work: Callable[[], dict[str, Any]]) -> Response:
        event = self.at(point)
        if event == "429":
            return JSONResponse({"error": {"message": "slow down"}}, 429, {"Retry-After": "0"})
        content = work()
        event = event or self.at(f"after {point}")
        return _Cut() if event == "cut" else JSONResponse(content)

    def _file(self, content: bytes) -> dict[str, Any]:
        name = f"file-{len(self._files)}"
        self._files[name] = content
        about = {"id": name, "object": "file", "filename": "f", "purpose": "batch", "status": "processed"}
        return about | {"bytes": len(content), "created_at": 0}

    def _made(self, body: dict[str, Any]) -> dict[str, Any]:
        name = f"batch_{len(self._batches)}"
        self.created.append(body["metadata"]["cometgraph_input"])
        batch = {
            "id": name,
            "object": "batch",
            "endpoint": body["endpoint"],
            "input_file_id": body["input_file_id"],
            "completion_window": "24h",
            "status": "validating",
            "created_at": int(time.time()),
            "metadata": body["metadata"],
            "output_file_id": None,
            "error_file_id": None,
            "errors": None,
        }
        self._batches[name] = batch
        return batch

    def _seen(self, name: str) -> dict[str, Any]:
        batch = self._batches[name]
        self._looks[name] = self._looks.get(name, 0) + 1
        if self._looks[name] == 1:
            batch["status"] = "in_progress"
        elif self._looks[name] == 3:
            self._finish(batch)
        return batch

    def _finish(self, batch: dict[str, Any]) -> None:
        if self.flaw:
            error = {"code": self.flaw, "message": "as told", "line": None, "param": None}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [error]}}
            self.flaw = ""
            return
        done: list[str] = []
        errors: list[str] = []
        expired = False
        for line in self._files[batch["input_file_id"]].splitlines():
            request = json.loads(line)
            assert request["url"] == batch["endpoint"]
            fate = self.fate(self._lines)
            self._lines += 1
            if fate == "":
                done.append(json.dumps(self._result(request["custom_id"], 200, self._paid_for(request))))
            elif fate in ("500", "too long"):
                body = {"error": {"message": fate}}
                errors.append(json.dumps(self._result(request["custom_id"], 500 if fate == "500" else 400, body)))
            elif fate == "expired":
                expired = True
                error = {"code": "batch_expired", "message": "This request could not be executed in time."}
                errors.append(json.dumps({"custom_id": request["custom_id"], "response": None, "error": error}))
            else:  # paid, but left out
                self._paid_for(request)
        batch["status"] = "expired" if expired else "completed"
        if done:
            batch["output_file_id"] = self._file("\n".join(reversed(done)).encode())["id"]
        if errors:
            batch["error_file_id"] = self._file("\n".join(errors).encode())["id"]

    def _paid_for(self, request: dict[str, Any]) -> dict[str, Any]:
        self.answered.append(request["custom_id"])
        completion = self.completion(request["body"])
        self.tokens += completion["usage"]["total_tokens"]
        return completion

    def _result(self, name: str, status: int, body: dict[str, Any]) -> dict[str, Any]:
        response = {"status_code": status, "request_id": f"req-{name}", "body": body}
        return {"id": f"line-{name}", "custom_id": name, "response": response, "error": None}
