"""`cometgraph link`: what an earlier version or a kill left open, and another threshold.

COMETGRAPH_TEST_KILLS sets the number of kills. The default is two.
"""

import asyncio
import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from graph.query.request import DEFAULT_LIMITS
from graph.stores.connect import open_store
from tests.support.killer import Killer
from tests.support.server import cometgraph

KILLS = int(os.environ.get("COMETGRAPH_TEST_KILLS", "2"))
SIZE = 500
LIMITS = replace(DEFAULT_LIMITS, rows=10_000, seconds=60)
LINKS = "MATCH (i:Inference)-[r:AS_EVENT]->(e:Event) RETURN i.text, r.rule, r.reading, r.confidence, e.text"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two files with tails and their events, the second one with better events for tails of the first."""
    folder = tmp_path_factory.mktemp("rows")
    first, second = folder / "first.tsv", folder / "second.tsv"
    first.write_text("".join(f"PersonX buys car {n}\txWant\tto wash the car {n}\n" for n in range(SIZE)))
    lines = (
        f"PersonX washes car {n}\txEffect\tbuys a car {n}\nPersonX washes the car {2 * n}\toWant\tto buy car {n}\n"
        for n in range(SIZE)
    )
    second.write_text("".join(lines))
    return str(first), str(second)


@pytest.fixture(scope="module")
def whole(files: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of both files in one load."""
    store = tmp_path_factory.mktemp("whole") / "store"
    run("load", *files, "--no-match", store=store)
    return store


def run(*arguments: str, store: Path) -> None:
    done = cometgraph(*arguments, "--store", str(store))
    assert done.returncode == 0, done.stderr


def links(store: Path) -> list[list[object]]:
    async def read() -> list[list[object]]:
        async with open_store(str(store), read_only=True, queries=LIMITS) as opened:
            found = await opened.query(LINKS, {})
            assert not found.truncated
            return found.rows

    return sorted(asyncio.run(read()), key=str)


def test_it_completes_the_links_after_a_kill(whole: Path, files: tuple[str, str], tmp_path: Path) -> None:
    sure = tmp_path / "sure"
    run("load", *files, "--no-match", "--min-link", "1", store=sure)
    expected = links(whole)
    assert len(links(sure)) < len(expected) == 3 * SIZE
    report = tmp_path / "report.json"
    started = time.perf_counter()
    run("link", "--report", str(report), store=Path(shutil.copytree(sure, tmp_path / "timed")))
    killer = Killer(1, time.perf_counter() - started)
    counts = json.loads(report.read_text())
    assert counts["links"] == len(expected)
    for name in ("xWant", "xEffect", "oWant"):
        tails = counts["relations"][name].pop("tails")
        assert tails == SIZE == sum(counts["relations"][name].values())
    for n in range(KILLS):
        store = Path(shutil.copytree(sure, tmp_path / f"killed-{n}"))
        killer.run("link", "--store", str(store))
        run("link", store=store)
        assert links(store) == expected
    assert killer.killed > 0


def test_a_load_in_parts_completes_them_after_a_kill(whole: Path, files: tuple[str, str], tmp_path: Path) -> None:
    first, second = files
    part = tmp_path / "part"
    run("load", first, "--no-match", store=part)
    timed = Path(shutil.copytree(part, tmp_path / "timed"))
    started = time.perf_counter()
    run("load", second, "--no-match", store=timed)
    killer = Killer(2, time.perf_counter() - started)
    assert links(timed) == links(whole)
    for n in range(KILLS):
        store = Path(shutil.copytree(part, tmp_path / f"killed-{n}"))
        killer.run("load", second, "--no-match", "--store", str(store))
        run("load", second, "--no-match", store=store)
        assert links(store) == links(whole)
    assert killer.killed > 0
