"""The first minute of a service: everything comes up, whatever happens on the way, and the graph answers meanwhile."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.support.requests import CAR, DOG, infer, problem
from tests.support.server import Server, wait_until_ready
from tests.support.tiny_models import make

ALL_ON = {"COMETGRAPH_GENERATE": "true", "COMETGRAPH_MATCH": "true", "COMETGRAPH_NO_CRITIC": "false"}


def test_a_first_start_ends_with_all_parts_up(tmp_path: Path) -> None:
    """The defaults, an empty store and an empty cache."""
    server = Server("--store", str(tmp_path / "store"), env=ALL_ON | {"COMETGRAPH_CACHE": str(tmp_path / "models")})
    with httpx2.Client(base_url=server.url, timeout=120) as client:
        assert infer(client, CAR, "xIntent")["source"] == "graph"
        refused = client.get("/ready")
        problem(refused, 503, "Unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        _wait_for_all(client)
        assert client.get("/ready").json() == dict.fromkeys(("store", "student", "index", "judge", "critic"), "ok")
        live = infer(client, DOG, "xReact")
        assert (live["source"], live["degraded"]) == ("generated", [])
        assert all(row["p_valid"] is not None for row in live["inferences"])
        natural = infer(client, "I lost my job", "xReact")
        assert (natural["event"], natural["source"]) == ("PersonX loses PersonX's job", "graph")
        assert _with_torch(server.process.pid) == []
        assert infer(client, DOG, "xWant", mode="generate", decoding="paper")["decoding"]["method"] == "sample"
        assert len(_with_torch(server.process.pid)) == 1
        assert not _has_torch(server.process.pid)
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log]  # nothing but our own, one JSON object a line
    assert {line["level"] for line in lines if line["logger"].startswith("cometgraph")} <= {"info"}
    assert all(line["logger"].startswith(("cometgraph", "uvicorn")) for line in lines)


def test_a_killed_process_of_the_models_comes_back(
    tmp_path: Path, with_student: dict[str, str], with_index: dict[str, str], with_critic: dict[str, str]
) -> None:
    server = Server("--store", str(tmp_path / "store"), env=with_student | with_index | with_critic)
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        _wait_for_all(client)
        first = infer(client, DOG, "xReact", mode="generate")
        for _ in range(2):
            [models] = [one for one in _children(server.process.pid) if _has_models(one)]
            os.kill(models, signal.SIGKILL)
            _until(lambda: client.get("/ready").status_code == 503)
            assert infer(client, CAR, "xIntent")["source"] == "graph"
            _wait_for_all(client)
        again = infer(client, DOG, "xReact", mode="generate")
        assert again["inferences"] == first["inferences"]
        assert infer(client, "I bought the car", "xIntent")["source"] == "near_duplicate"
        assert infer(client, "my parrot escaped this morning", "xReact")["source"] == "generated"
    assert server.stop() == 0
    assert any("SIGKILL" in line for line in server.log)


def test_a_cache_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    """A file stands where the folder should be. When it is gone, the student comes up without a restart."""
    cache = tmp_path / "models"
    cache.write_text("in the way")
    student = str(make("llama", tmp_path / "llama"))
    flags = ["--student", student, "--prompt-form", "plain", "--cache", str(cache)]
    server = Server("--store", str(tmp_path / "store"), *flags, env={"COMETGRAPH_GENERATE": "true"})
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        _until(lambda: "next try" in (client.get("/info").json()["student"]["doing"] or ""))
        refused = client.get("/infer", params={"event": DOG})
        assert "cannot be prepared" in problem(refused, 503, "Unavailable")["detail"]
        assert int(refused.headers["retry-after"]) >= 1
        cache.unlink()
        wait_until_ready(client.get)
        assert client.get("/info").json()["student"]["state"] == "up"
    assert server.stop() == 0


def test_what_no_retry_can_mend_has_no_retry_after(tmp_path: Path) -> None:
    folder = make("llama", tmp_path / "llama")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5000])
    flags = ["--student", str(folder), "--prompt-form", "plain", "--cache", str(tmp_path / "models")]
    server = Server("--store", str(tmp_path / "store"), *flags, env={"COMETGRAPH_GENERATE": "true"})
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        _until(lambda: client.get("/info").json()["student"]["state"] == "failed")
        for path, query in (("/infer", {"event": DOG}), ("/ready", {})):
            refused = client.get(path, params=query)
            assert "llama" in problem(refused, 503, "Unavailable")["detail"]
            assert "retry-after" not in refused.headers
        assert infer(client, CAR, "xIntent")["source"] == "graph"
    assert server.stop() == 0


def _wait_for_all(client: httpx2.Client) -> None:
    wait_until_ready(client.get)
    info: dict[str, Any] = client.get("/info").json()
    assert [info[part]["state"] for part in ("student", "index", "judge", "critic")] == ["up"] * 4


def _until(done: Callable[[], bool]) -> None:
    for _ in range(600):
        if done():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _has_models(pid: int) -> bool:
    return "distill.weights.child" in Path(f"/proc/{pid}/cmdline").read_text()


def _with_torch(pid: int) -> list[int]:
    """The process and its children that hold torch."""
    return [one for one in (pid, *_children(pid)) if _has_torch(one)]


def _has_torch(pid: int) -> bool:
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text()
