"""A service that is killed while it keeps what its student wrote: no half-tails answer, nothing doubled, nothing lost.

COMETGRAPH_TEST_KILLS says how often it is killed; three times unless more are wanted.
"""

import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import httpx2

from tests.support.server import Server, wait_until_ready

KILLS = int(os.environ.get("COMETGRAPH_TEST_KILLS", "3"))
ASKERS = 6


def test_killed_while_it_keeps_answers(tmp_path: Path, with_student: dict[str, str]) -> None:
    rng = random.Random(11)
    promised: dict[str, list[str]] = {}
    events: set[str] = set()
    numbers = iter(range(1_000_000))
    for _ in range(KILLS):
        server = Server("--store", str(tmp_path / "store"), env=with_student)
        stopping = threading.Event()

        def ask(url: str = server.url, stopping: threading.Event = stopping) -> None:
            with httpx2.Client(base_url=url, timeout=30) as client:
                while not stopping.is_set():
                    event = f"PersonX carries {next(numbers)} boxes to the attic"
                    events.add(event)
                    try:
                        response = client.get("/infer", params={"event": event, "relation": ["xReact", "xWant"]})
                    except httpx2.TransportError:
                        return
                    if response.status_code == 200 and not response.json()["degraded"]:
                        promised[event] = _texts(response.json())

        with httpx2.Client(base_url=server.url, timeout=30) as client:
            wait_until_ready(client.get)
        askers = [threading.Thread(target=ask) for _ in range(ASKERS)]
        for asker in askers:
            asker.start()
        before, deadline = len(promised), time.monotonic() + 60
        while len(promised) == before and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(rng.random() / 2)
        server.kill()
        stopping.set()
        for asker in askers:
            asker.join()

    assert promised
    server = Server("--store", str(tmp_path / "store"), env=with_student)
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        wait_until_ready(client.get)
        for event in sorted(events):
            stored = client.get(f"/events/{event}", params={"generated": True})
            if event in promised:
                assert stored.status_code == 200
            if stored.status_code == 404:
                continue
            relations: dict[str, Any] = stored.json()["relations"]
            fresh = client.get(
                "/infer", params={"event": event, "relation": list(relations), "mode": "generate", "limit": 50}
            ).json()
            for relation, detail in relations.items():
                tails = [inference["tail"] for inference in detail["inferences"]]
                assert len(tails) == len(set(tails))
                assert tails == [i["tail"] for i in fresh["inferences"] if i["relation"] == relation], event
                assert detail["applies"] == (relation not in fresh["not_applicable"])
        for event, texts in promised.items():
            again = client.get("/infer", params={"event": event, "relation": ["xReact", "xWant"]}).json()
            assert again["stored"] is True
            assert _texts(again) == texts
    assert server.stop() == 0


def _texts(answer: dict[str, Any]) -> list[str]:
    return [f"{one['relation']} {one['tail']}" for one in answer["inferences"]] + answer["not_applicable"]
