"""A load after a kill at any moment: the second run ends in the graph of an uninterrupted one.

COMETGRAPH_TEST_KILLS says how often it is killed; three times unless more are wanted.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import ladybug
import neo4j
import pytest

from graph.loading.lines import BLOCK
from graph.stores.connect import open_store
from graph.stores.embedded.fulltext import TextIndex
from graph.stores.protocol import Search
from schemas.relations import Relation
from schemas.triples import Triple
from tests.support.embedded_graph import embedded_graph
from tests.support.killer import Killer
from tests.support.neo4j_server import Neo4jAddress, driver_of
from tests.support.server import COMETGRAPH, cometgraph

KILLS = int(os.environ.get("COMETGRAPH_TEST_KILLS", "3"))
ROWS = 40_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two files with common rows. The second one is too large for an insert row by row."""
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


def test_embedded(files: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = map(str, files)
    whole = tmp_path / "whole"
    for file in (first, second):
        assert cometgraph("load", file, "--store", str(whole)).returncode == 0
    started = time.perf_counter()
    assert cometgraph("load", second, "--store", str(tmp_path / "timed")).returncode == 0
    seconds = time.perf_counter() - started
    expected = embedded_graph(whole)
    killer = Killer(KILLS, seconds)
    for n in range(KILLS):
        store = tmp_path / f"store-{n}"
        for file in (first, second):
            killer.run("load", file, "--store", str(store))
            done = cometgraph("load", file, "--store", str(store))
            assert done.returncode == 0, done.stderr
        assert embedded_graph(store) == expected
        assert not list(store.glob("load-*"))
    assert killer.killed > 0


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store with events of a student alone, and a small data file about many of them."""
    folder = tmp_path_factory.mktemp("written")
    by_student, by_data = folder / "student.jsonl", folder / "data.jsonl"
    for path, heads, origin in ((by_student, range(900), "student:s"), (by_data, range(300, 1200), "data")):
        rows = [{"head": f"PersonX waits {n}", "relation": "xWant", "tail": f"to do {n % 7}", "origins": [origin]}
                for n in heads]  # fmt: skip
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = cometgraph("load", str(by_student), "--store", str(folder / "store"))
    assert done.returncode == 0, done.stderr
    return folder / "store", by_data


def shown(store: Path) -> tuple[set[str], set[str]]:
    """The events of a default search and of one with generated events, for a writer and for a reader."""

    async def read() -> tuple[set[str], set[str]]:
        async with open_store(str(store)):
            pass
        async with open_store(str(store), read_only=True) as opened:
            unasked = await opened.events(Search(10_000))
            every = await opened.events(Search(10_000, generated=True))
            assert await opened.visible(every) == set(unasked)
            by_words = await opened.events(Search(10_000, words=("waits",)))
            assert set(by_words) == set(unasked)
            return set(unasked), set(every)

    return asyncio.run(read())


def by_data_of(store: Path) -> set[str]:
    """The events of data sets, by a query of ladybug."""
    number = json.loads((store / "store.json").read_text())["number"]
    database = ladybug.Database(store / f"graph-{number}.lbug", read_only=True)
    connection = ladybug.Connection(database)
    rows = connection.execute("MATCH (e:Event)-[r:xWant]->() RETURN e.text, r.origins").get_all()
    connection.close()
    database.close()
    return {text for text, origins in rows if "data" in origins}


def test_killed_while_data_speaks_of_what_a_student_wrote(written: tuple[Path, Path], tmp_path: Path) -> None:
    """Search and graph agree after a kill at any moment."""
    store, by_data = written
    timed = Path(shutil.copytree(store, tmp_path / "timed"))
    assert shown(timed) == (set(), {f"PersonX waits {n}" for n in range(900)})
    started = time.perf_counter()
    assert cometgraph("load", str(by_data), "--store", str(timed)).returncode == 0
    seconds = time.perf_counter() - started
    complete = shown(timed)
    assert complete == ({f"PersonX waits {n}" for n in range(300, 1200)}, {f"PersonX waits {n}" for n in range(1200)})
    killer = Killer(KILLS, seconds)
    for n in range(KILLS):
        copy = Path(shutil.copytree(store, tmp_path / f"killed-{n}"))
        killer.run("load", str(by_data), "--store", str(copy))
        unasked, every = shown(copy)
        assert unasked == by_data_of(copy)
        assert len(every) in (900, 1200)
        assert cometgraph("load", str(by_data), "--store", str(copy)).returncode == 0
        assert shown(copy) == complete


def test_stopped_between_the_graph_and_what_is_shown_of_it(written: tuple[Path, Path], tmp_path: Path) -> None:
    """The text index after its marks were set, beside the graph before and after its transaction."""
    store = Path(shutil.copytree(written[0], tmp_path / "store"))
    [index] = store.glob("events-*.sqlite")
    before = shown(store)
    heads = [f"PersonX waits {n}" for n in range(2)]
    marked = TextIndex(index)
    marked.mark(heads)
    marked.close()
    saved = index.read_bytes()
    assert shown(store) == before  # the graph's transaction was never committed
    data = [Triple(head, Relation.xWant, "to rest", origins=("data",)) for head in heads]

    async def add() -> None:
        async with open_store(str(store)) as opened:
            await opened.add(data)

    asyncio.run(add())
    after = shown(store)
    assert after == (set(heads), before[1])
    index.write_bytes(saved)  # it was committed, and the index was not changed any more
    assert shown(store) == after


def test_a_text_index_of_an_older_layout_is_made_anew_by_a_writer(written: tuple[Path, Path], tmp_path: Path) -> None:
    store = Path(shutil.copytree(written[0], tmp_path / "store"))
    assert cometgraph("load", str(written[1]), "--store", str(store)).returncode == 0
    expected = shown(store)
    [index] = store.glob("events-*.sqlite")
    with sqlite3.connect(index) as connection:
        texts = connection.execute("SELECT id, text FROM event").fetchall()
    connection.close()
    index.unlink()
    with sqlite3.connect(index) as connection:
        connection.executescript(
            "CREATE TABLE event(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
            "CREATE VIRTUAL TABLE words USING fts5(text, content='event', content_rowid='id', "
            "tokenize='porter unicode61');"
        )
        connection.executemany("INSERT INTO event VALUES (?, ?)", texts)
        connection.execute("INSERT INTO words(words) VALUES ('rebuild')")
    connection.close()
    reading = cometgraph("infer", "PersonX waits once", "--store", str(store))
    assert (reading.returncode, reading.stderr.count("\n")) == (1, 1)
    assert "`cometgraph index`" in reading.stderr
    known = cometgraph("infer", "PersonX waits 1000", "--store", str(store))
    assert known.returncode == 0, known.stderr
    assert shown(store) == expected


def test_bolt(files: tuple[Path, Path], tmp_path: Path, neo4j_uri: str, neo4j_server: Neo4jAddress) -> None:
    first = str(files[0])
    login = {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password}
    with driver_of(neo4j_server) as driver:
        _kill_loads(driver, first, neo4j_uri, login)


def _kill_loads(driver: neo4j.Driver, first: str, neo4j_uri: str, login: dict[str, str]) -> None:
    def graph() -> list[str]:
        edges = driver.execute_query(
            "MATCH (a)-[r]->(b) RETURN labels(a), a.text, type(r), properties(r), b.text, b.name"
        )
        nodes = driver.execute_query("MATCH (n) RETURN labels(n), n.text, n.name")
        return sorted(str(record.values()) for record in [*edges.records, *nodes.records])

    def empty() -> None:
        driver.execute_query("MATCH (n) DETACH DELETE n")

    for _ in range(2):  # the first one warms the server up
        empty()
        started = time.perf_counter()
        done = cometgraph("load", first, "--store", neo4j_uri, env=login)
        assert done.returncode == 0, done.stderr
        seconds = time.perf_counter() - started
    expected = graph()
    killer = Killer(KILLS, seconds)
    for _ in range(max(3, KILLS // 5)):
        empty()
        killer.run("load", first, "--store", neo4j_uri, env=login)
        done = cometgraph("load", first, "--store", neo4j_uri, env=login)
        assert done.returncode == 0, done.stderr
        assert set(graph()) ^ set(expected) == set()
        assert graph() == expected
    assert killer.killed > 0


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
