"""A load that is killed at any moment, and run again, ends in the graph of an uninterrupted one.

COMETGRAPH_TEST_KILLS says how often it is killed; five times unless more are wanted.
"""

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import ladybug
import neo4j
import pytest

from graph import cypher
from graph.files import BLOCK
from graph.rows import RELATION_NAMES
from tests.conftest import COMETGRAPH, Neo4jAddress, cometgraph

KILLS = int(os.environ.get("COMETGRAPH_TEST_KILLS", "5"))
ROWS = 40_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two files that share rows; the second is too large to be added row by row."""
    folder = tmp_path_factory.mktemp("rows")
    rng = random.Random(7)
    first, second = folder / "first.jsonl", folder / "second.jsonl"
    for path, heads, size in ((first, range(600), ROWS // 4), (second, range(400, 3000), ROWS)):
        with path.open("w") as file:
            for n in range(size):
                tail = "none" if n % 50 == 0 else f"to do {rng.randrange(size // 3)}"
                row = {"head": f"PersonX waits {rng.choice(heads)}", "relation": rng.choice(["xWant", "oReact"]),
                       "tail": tail, "p_valid_model": round(rng.random(), 3)}  # fmt: skip
                file.write(json.dumps(row) + "\n")
    return first, second


def digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def embedded_graph(folder: Path) -> tuple[str, str]:
    """Everything in the graph and its index, as ladybug and SQLite say themselves."""
    number = json.loads((folder / "store.json").read_text())["number"]
    database = ladybug.Database(folder / f"graph-{number}.lbug", read_only=True)
    connection = ladybug.Connection(database)
    lines = [
        f"{name} {row}"
        for name in [*RELATION_NAMES, None]
        for row in connection.execute(cypher.embedded_scan(name)).get_all()
    ]
    for query in (
        cypher.EMBEDDED_EVENTS,
        "MATCH (i:Inference) RETURN i.text",
        f"MATCH (i:Inference)-[:{cypher.AS_EVENT}]->(e:Event) RETURN i.text, e.text",
    ):
        lines += [f"{query} {row}" for row in connection.execute(query).get_all()]
    connection.close()
    database.close()
    with sqlite3.connect(folder / f"events-{number}.sqlite") as index:
        indexed = [text for (text,) in index.execute("SELECT text FROM event")]
        assert index.execute("SELECT count(*) FROM words WHERE words MATCH 'waits'").fetchone() == (len(indexed),)
    index.close()
    return digest(lines), digest(indexed)


def kill_during(rng: random.Random, seconds: float, *arguments: str, env: dict[str, str] | None = None) -> bool:
    """Start a load and kill it after a random part of `seconds`; False where it had ended before."""
    process = subprocess.Popen(
        [COMETGRAPH, "load", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | (env or {}),
    )
    time.sleep(rng.uniform(0.1, 0.9) * seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def test_embedded(files: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = map(str, files)
    whole = tmp_path / "whole"
    for file in (first, second):
        assert cometgraph("load", file, "--store", str(whole)).returncode == 0
    started = time.perf_counter()
    assert cometgraph("load", second, "--store", str(tmp_path / "timed")).returncode == 0
    seconds = time.perf_counter() - started
    expected = embedded_graph(whole)
    rng = random.Random(KILLS)
    killed = 0
    for n in range(KILLS):
        store = tmp_path / f"store-{n}"
        for file in (first, second):
            killed += kill_during(rng, seconds, file, "--store", str(store))
            done = cometgraph("load", file, "--store", str(store))
            assert done.returncode == 0, done.stderr
        assert embedded_graph(store) == expected
        assert not list(store.glob("load-*"))
    print(f"killed {killed} of {2 * KILLS} loads")
    assert killed > 0


def test_bolt(files: tuple[Path, Path], tmp_path: Path, neo4j_uri: str, neo4j_server: Neo4jAddress) -> None:
    first = str(files[0])
    login = {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password}
    driver = neo4j.GraphDatabase.driver(neo4j_uri, auth=("neo4j", neo4j_server.password))

    def graph() -> str:
        edges = driver.execute_query(
            "MATCH (a)-[r]->(b) RETURN labels(a), a.text, type(r), properties(r), b.text, b.name"
        )
        nodes = driver.execute_query("MATCH (n) RETURN labels(n), n.text, n.name")
        return digest(str(record.values()) for record in [*edges.records, *nodes.records])

    def empty() -> None:
        driver.execute_query("MATCH (n) DETACH DELETE n")

    for _ in range(2):  # the first one warms the server up
        empty()
        started = time.perf_counter()
        done = cometgraph("load", first, "--store", neo4j_uri, env=login)
        assert done.returncode == 0, done.stderr
        seconds = time.perf_counter() - started
    expected = graph()
    rng = random.Random(KILLS)
    killed = 0
    for _ in range(max(3, KILLS // 5)):
        empty()
        killed += kill_during(rng, seconds, first, "--store", neo4j_uri, env=login)
        done = cometgraph("load", first, "--store", neo4j_uri, env=login)
        assert done.returncode == 0, done.stderr
        assert graph() == expected
    driver.close()
    print(f"killed {killed} of {max(3, KILLS // 5)} loads")
    assert killed > 0


def test_ctrl_c_stops_cleanly_and_says_so(files: tuple[Path, Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = subprocess.Popen(
        [COMETGRAPH, "load", "-", "--store", str(store)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stderr is not None
    data = files[1].read_bytes()
    for _ in range(1 + 2 * BLOCK // len(data)):
        process.stdin.write(data)
    for _ in range(400):
        if list(store.glob("load-*/*")):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.stdin.close()
    assert process.wait(30) == 130
    assert process.stderr.read() == b"cometgraph: stopped\n"
    process.stderr.close()
    assert not list(store.glob("load-*"))
    assert json.loads(cometgraph("stats", "--json", "--store", str(store)).stdout)["events"] == 0
