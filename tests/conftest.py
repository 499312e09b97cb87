"""What tests stand on: stores of both kinds, a real Neo4j, and the application in this process or its own."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from starlette.testclient import TestClient

from distill.critic import BUNDLED as CRITIC
from distill.critic.critic import open_critic
from distill.embedder.embedder import open_embedder
from distill.judge import BUNDLED as JUDGE
from distill.judge.judge import open_judge
from distill.weights.minilm import MINILM as EMBEDDER
from graph.stores.connect import open_store
from graph.stores.protocol import Neo4jLogin, Store
from schemas.progress import silent
from tests.support.neo4j_server import PASSWORD, Neo4jAddress, Neo4jServer, driver_of, emptied
from tests.support.requests import app_with
from tests.support.server import ROOT, Server, cometgraph
from tests.support.triples import OpenStore

# A failure is seen by everybody, or by nobody: no random draws, and no deadline that a busy machine misses.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("COMETGRAPH_") and "_TEST_" not in name]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jAddress]:
    """The server named by COMETGRAPH_TEST_NEO4J, which must be empty, or one that is started for this run."""
    given = os.environ.get("COMETGRAPH_TEST_NEO4J")
    if given:
        workers = os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
        assert workers == "1", f"{given} is one database for {workers} workers: run `pytest` without -n"
        address = Neo4jAddress(given, os.environ.get("COMETGRAPH_TEST_NEO4J_PASSWORD", PASSWORD))
        with driver_of(address) as driver:
            [[nodes]] = driver.execute_query("MATCH (n) RETURN count(n)").records
        assert nodes == 0, f"{given} is not empty: the tests delete what is in their database, and take none with data"
        yield address
        return
    server = Neo4jServer(tmp_path_factory.mktemp("neo4j"), heap="512m").start()
    yield Neo4jAddress(server.uri, server.password)
    server.stop()


@pytest.fixture
def neo4j_uri(neo4j_server: Neo4jAddress) -> str:
    """The server's URI; its database is empty."""
    return emptied(neo4j_server)


@pytest.fixture(params=["embedded", "neo4j"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens an empty store of each kind; opened again, it is the same one."""
    if request.param == "embedded":
        address, login = str(tmp_path / "store"), None
    else:
        address = request.getfixturevalue("neo4j_uri")
        login = Neo4jLogin(password=request.getfixturevalue("neo4j_server").password)

    @asynccontextmanager
    async def open_one(**options: Any) -> AsyncIterator[Store]:
        async with open_store(address, login=login, **options) as store:
            yield store

    return open_one


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
    with app_with(sample_store) as client:
        yield client


@pytest.fixture(scope="session")
def models_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is made from models' files, once for all tests and workers."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "models"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def with_student(models_cache: Path) -> dict[str, str]:
    """Settings with the bundled student, which is prepared once for all tests."""
    said = {"COMETGRAPH_GENERATE": "true", "COMETGRAPH_CACHE": str(models_cache)}
    done = cometgraph("models", "--convert", env=said)
    assert done.returncode == 0, done.stderr
    return said


@pytest.fixture(scope="session")
def with_index(models_cache: Path) -> dict[str, str]:
    """Settings with the index of events; the bundled embedder and judge are prepared once for all tests."""
    open_embedder(EMBEDDER, 1, models_cache).close()
    open_judge(JUDGE, models_cache, 1, silent)
    return {"COMETGRAPH_MATCH": "true", "COMETGRAPH_CACHE": str(models_cache)}


@pytest.fixture(scope="session")
def with_critic(models_cache: Path) -> dict[str, str]:
    """Settings with the bundled critic, which is prepared once for all tests."""
    open_critic(CRITIC, models_cache, 1, silent).close()
    return {"COMETGRAPH_NO_CRITIC": "false", "COMETGRAPH_CACHE": str(models_cache)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running service on a store that was empty, and so has the sample graph."""
    server = Server("--store", str(tmp_path_factory.mktemp("served") / "store"))
    yield server
    server.stop()
