"""What tests stand on: stores of both kinds, a real Neo4j, and the application in this process or its own."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import neo4j
import pytest
from starlette.testclient import TestClient

from distill.embedder.embedder import open_embedder
from distill.judge import IN_THE_BOX as JUDGE
from distill.judge.judge import open_judge
from distill.weights.minilm import IN_THE_BOX as EMBEDDER
from graph.stores.connect import open_store
from graph.stores.protocol import Neo4jLogin, Store
from schemas.relations import Relation
from schemas.triples import Triple
from service.api.app import create_app
from service.settings import load_settings
from tests.support.neo4j_server import PASSWORD, Neo4jServer

ROOT = Path(__file__).parent.parent
COMETGRAPH = str(Path(sys.executable).with_name("cometgraph"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("COMETGRAPH_") and "_TEST_" not in name]:
        monkeypatch.delenv(name)


@dataclass(frozen=True, slots=True)
class Neo4jAddress:
    """Where the Neo4j of this test run is."""

    uri: str
    password: str


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jAddress]:
    """The server named by COMETGRAPH_TEST_NEO4J, which must be empty, or one that is started for this run."""
    given = os.environ.get("COMETGRAPH_TEST_NEO4J")
    if given:
        address = Neo4jAddress(given, os.environ.get("COMETGRAPH_TEST_NEO4J_PASSWORD", PASSWORD))
        with _driver(address) as driver:
            [[nodes]] = driver.execute_query("MATCH (n) RETURN count(n)").records
        assert nodes == 0, f"{given} is not empty: the tests delete what is in their database, and take none with data"
        yield address
        return
    server = Neo4jServer(tmp_path_factory.mktemp("neo4j"), heap="512m").start()
    yield Neo4jAddress(server.uri, server.password)
    server.stop()


def _driver(address: Neo4jAddress) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(address.uri, auth=("neo4j", address.password))


@pytest.fixture
def neo4j_uri(neo4j_server: Neo4jAddress) -> str:
    """The server's URI; its database is empty."""
    return emptied(neo4j_server)


def emptied(neo4j_server: Neo4jAddress) -> str:
    """The server's URI, after everything in its database is deleted."""
    with _driver(neo4j_server) as driver, driver.session() as session:
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
    return neo4j_server.uri


OpenStore = Callable[[], AbstractAsyncContextManager[Store]]


@pytest.fixture(params=["embedded", "neo4j"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens an empty store of each kind; opened again, it is the same one."""
    if request.param == "embedded":
        address, login = str(tmp_path / "store"), None
    else:
        address = request.getfixturevalue("neo4j_uri")
        login = Neo4jLogin(password=request.getfixturevalue("neo4j_server").password)

    @asynccontextmanager
    async def open_one() -> AsyncIterator[Store]:
        async with open_store(address, login=login) as store:
            yield store

    return open_one


def triple(head: str, relation: str, tail: str, **said: Any) -> Triple:
    """A triple that a test says in one line."""
    return Triple(head, Relation(relation), tail, **{"origins": ("test",)} | said)


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with the sample graph; tests only read it."""
    folder = str(tmp_path_factory.mktemp("sample") / "store")
    done = cometgraph("load", str(ROOT / "graph" / "sample.jsonl"), "--store", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def client(sample_store: str) -> Iterator[TestClient]:
    """The application on the sample graph, in this process."""
    app = create_app(load_settings({"store": sample_store}))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        yield client


def clean_environment(said: dict[str, str]) -> dict[str, str]:
    """Nobody's settings, no student and no index: a test that wants them says so (`with_student`, `with_index`)."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COMETGRAPH_")}
    return clean | {"COMETGRAPH_GENERATE": "false", "COMETGRAPH_MATCH": "false"} | said


@pytest.fixture(scope="session")
def models_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is made from models' files, once for all tests."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def with_student(models_cache: Path) -> dict[str, str]:
    """Settings with the student in the box, which is made ready once for all tests."""
    said = {"COMETGRAPH_GENERATE": "true", "COMETGRAPH_CACHE": str(models_cache)}
    done = cometgraph("models", "--convert", env=said)
    assert done.returncode == 0, done.stderr
    return said


@pytest.fixture(scope="session")
def with_index(models_cache: Path) -> dict[str, str]:
    """Settings with the index of events; embedder and judge in the box are made ready once for all tests."""
    open_embedder(EMBEDDER, 1, models_cache).close()
    open_judge(JUDGE, models_cache, 1, lambda _what, _done, _total: None)
    return {"COMETGRAPH_MATCH": "true", "COMETGRAPH_CACHE": str(models_cache)}


def cometgraph(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    environment = clean_environment(options.pop("env", {}))
    return subprocess.run([COMETGRAPH, *arguments], capture_output=True, text=True, env=environment, **options)


class Server:
    """A real `cometgraph serve` in a process of its own, on a free port."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log: list[str] = []
        environment = clean_environment(env or {})
        self.process = subprocess.Popen(
            [COMETGRAPH, "serve", "--port", str(port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._wait()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)

    def _wait(self) -> None:
        for _ in range(600):
            try:
                if httpx2.get(f"{self.url}/health").status_code == 200:
                    return
            except httpx2.TransportError:
                assert self.process.poll() is None, "".join(self.log)
                time.sleep(0.05)
        raise AssertionError("the service did not start")

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """Stop it without leave."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        code = self.process.wait(30)
        self._reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running service on a store that was empty, and so has the sample graph."""
    server = Server("--store", str(tmp_path_factory.mktemp("served") / "store"))
    yield server
    server.stop()
