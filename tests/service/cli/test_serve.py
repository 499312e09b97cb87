"""`cometgraph serve` as a process of its own."""

import json
import os
import re
import shlex
import subprocess
import threading
from pathlib import Path

import httpx2
import pytest

from tests.support.neo4j_server import Neo4jAddress
from tests.support.server import Server, cometgraph, wait_until_ready

CAR = {"event": "PersonX buys a car", "relation": "xIntent"}


def test_an_empty_store_gets_the_sample_and_the_printed_curl_line_works(tmp_path: Path) -> None:
    server = Server("--store", str(tmp_path / "store"))
    response = httpx2.get(f"{server.url}/infer", params=CAR)
    assert len(response.json()["inferences"]) >= 3
    assert server.process.stdout is not None
    line = next(text for text in server.process.stdout if "curl" in text)
    done = subprocess.run([*shlex.split(line), "--silent", "--fail"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["event"] == CAR["event"]
    assert server.stop() == 0
    assert "Traceback" not in "".join(server.log)
    assert json.loads(cometgraph("stats", "--json", "--store", str(tmp_path / "store")).stdout)["events"] > 250


@pytest.mark.parametrize(
    ("keys", "shared"),
    [
        ("a:read:0123456789abcdef,a:write:fedcba9876543210", "name"),
        ("a:read:0123456789abcdef,b:admin:0123456789abcdef", "secret"),
    ],
)
def test_two_keys_with_one_name_or_one_secret_are_refused(keys: str, shared: str, tmp_path: Path) -> None:
    done = cometgraph("serve", "--api-keys", keys, "--store", str(tmp_path / "store"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"'entry 2' is not a key of its own: entry 1 has its {shared}" in done.stderr
    assert "0123456789abcdef" not in done.stderr
    assert not (tmp_path / "store").exists()


def test_a_second_writer_is_refused_and_readers_are_not(server: Server, tmp_path: Path) -> None:
    store = json.loads(httpx2.get(f"{server.url}/info").text)["store"]
    rows = tmp_path / "a.tsv"
    rows.write_text("PersonX waits\txWant\tto go\n")
    done = cometgraph("load", str(rows), "--store", store)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "open for writing in another process" in done.stderr
    assert f"pid {server.process.pid}" in done.stderr
    done = cometgraph("infer", CAR["event"], "--json", "--store", store)
    assert json.loads(done.stdout)["inferences"]


def test_requests_in_flight_are_answered_when_it_is_stopped(tmp_path: Path) -> None:
    server = Server("--store", str(tmp_path / "store"))
    body = json.dumps({"questions": [{"event": CAR["event"], "limit": 1000}] * 1000})
    started = threading.Event()
    responses: list[httpx2.Response] = []

    def chunks():
        yield body[:100].encode()
        started.set()
        stopping.wait()
        yield body[100:].encode()

    def ask() -> None:
        responses.append(
            httpx2.post(
                f"{server.url}/infer/batch", content=chunks(), headers={"content-type": "application/json"}, timeout=30
            )
        )

    stopping = threading.Event()
    thread = threading.Thread(target=ask)
    thread.start()
    assert started.wait(10)
    server.process.terminate()
    stopping.set()
    thread.join(30)
    assert responses[0].status_code == 200
    assert len(responses[0].json()["answers"]) == 1000
    assert server.process.wait(30) == 0
    assert server.stop() == 0
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"{server.url}/health")


def test_logs_are_json_and_do_not_tell_events(tmp_path: Path) -> None:
    for flags, is_logged in (([], False), (["--log-events"], True)):
        server = Server("--store", str(tmp_path / "store"), *flags)
        httpx2.get(f"{server.url}/infer", params={"event": "PersonX hides a secret"})
        server.stop()
        lines = [json.loads(line) for line in server.log]
        assert ("secret" in "".join(server.log)) is is_logged
        [request] = [line for line in lines if line.get("route") == "/infer"]
        assert (request["status"], request["method"], request["caller"]) == (404, "GET", "127.0.0.1")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example"])
def test_an_open_door_is_refused(tmp_path: Path, host: str) -> None:
    done = cometgraph("serve", "--host", host, "--store", str(tmp_path / "store"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--allow-anonymous" in done.stderr
    assert not (tmp_path / "store").exists()


def test_an_open_door_with_keys_or_leave_is_not(tmp_path: Path) -> None:
    for flags, env, status in (
        (["--allow-anonymous"], {}, 200),
        ([], {"COMETGRAPH_API_KEYS": "a:read:0123456789abcdef"}, 401),
    ):
        server = Server("--store", str(tmp_path / "store"), "--host", "0.0.0.0", *flags, env=env)
        assert httpx2.get(f"{server.url}/info").status_code == status
        assert server.stop() == 0


def test_a_taken_port_is_one_line(server: Server, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    done = cometgraph("serve", "--port", port, "--store", str(tmp_path / "store"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"port: {port}" in re.sub("'", "", done.stderr)


def test_on_neo4j(neo4j_uri: str, neo4j_server: Neo4jAddress, server: Server) -> None:
    """The same questions, the same answers as from the embedded store."""
    login = {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password}
    on_neo4j = Server("--store", neo4j_uri, env=login)
    listed = httpx2.get(f"{server.url}/events", params={"limit": 1000}).json()["events"]
    assert httpx2.get(f"{on_neo4j.url}/events", params={"limit": 1000}).json()["events"] == listed
    questions = {"questions": [{"event": event, "limit": 3} for event in [*listed, "PersonX is unknown"]]}
    both = [
        [a | {"took_ms": 0} for a in httpx2.post(f"{at.url}/infer/batch", json=questions, timeout=60).json()["answers"]]
        for at in (server, on_neo4j)
    ]
    assert both[0] == both[1]
    assert httpx2.get(f"{on_neo4j.url}/infer", params={"event": "PersonX buys a purple car"}).json()["nearest"]
    wait_until_ready(lambda path: httpx2.get(f"{on_neo4j.url}{path}"))
    assert httpx2.get(f"{on_neo4j.url}/ready").json() == {
        "store": "ok",
        "student": "off",
        "index": "off",
        "judge": "off",
        "critic": "off",
    }
    assert on_neo4j.stop() == 0


def test_a_store_that_does_not_answer(tmp_path: Path) -> None:
    done = cometgraph("serve", "--store", "bolt://127.0.0.1:9", env=dict(os.environ))
    assert (done.returncode, done.stderr) == (1, "cometgraph: bolt://127.0.0.1:9 does not answer\n")
    done = cometgraph("get", "/ready", "--store", "bolt://127.0.0.1:9")
    assert done.returncode == 1
