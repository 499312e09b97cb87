"""The store at an address: what is refused and left alone, and who may open it beside others."""

import os
from pathlib import Path

import pytest

from graph.stores.connect import open_store
from graph.stores.protocol import Store
from graph.tables.merge import Counts
from schemas.errors import BadInput, StoreLocked
from schemas.triples import Triple
from tests.support.triples import ask, triple

pytestmark = pytest.mark.anyio
STAYS = triple("PersonX waits", "xWant", "to go", origins=("stays",))
GOES = triple("PersonX waits", "xWant", "to rest", origins=("goes",))


async def tails(store: Store) -> list[Triple]:
    [result] = await store.tails([ask("PersonX waits", "xWant")])
    return [] if result is None else result.triples


def contents(folder: Path) -> dict[str, str | None]:
    return {path.name: path.read_text() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("address", ["http://localhost:7687", "postgres://x", "file:///tmp/x", "://", "BOLT://x"])
async def test_another_kind_of_address_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="a folder, or an address bolt://… or neo4j://…"):
        async with open_store(address):
            pass


@pytest.mark.parametrize(("read_only", "create"), [(True, True), (False, False), (True, False)])
async def test_a_place_without_a_store_stays_as_it_is(tmp_path: Path, read_only: bool, create: bool) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "absent"):
        with pytest.raises(BadInput, match="a folder of `cometgraph load` or `serve`"):
            async with open_store(str(tmp_path / name), read_only=read_only, create=create):
                pass
    assert contents(tmp_path) == {"empty": None}


async def test_a_file_is_no_store(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for path, allowed in (
        (file, "a folder, or an address"),
        (file / "store", r"a writable folder \(Not a directory\)"),
    ):
        with pytest.raises(BadInput, match=allowed):
            async with open_store(str(path)):
                pass
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["store.json.bak", "Lock", "load-", "vectors.txt", "graph-1.txt", ".git", "graph-.lbug"]
)
async def test_a_folder_with_a_foreign_file_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(BadInput, match="a store or an empty folder") as refused:
        async with open_store(str(tmp_path)):
            pass
    assert repr(name) in str(refused.value)
    assert contents(tmp_path) == {name: "mine"}


async def test_a_second_writer_is_refused_until_the_first_one_closes(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("pid 123456789012 of a process that was killed")
    async with open_store(str(tmp_path)) as first:
        await first.add([STAYS])
        with pytest.raises(StoreLocked, match=rf"\(pid {os.getpid()}\)"):
            async with open_store(str(tmp_path)):
                pass
        async with open_store(str(tmp_path), read_only=True) as reader:
            assert await tails(reader) == [STAYS]
        assert await tails(first) == [STAYS]
    async with open_store(str(tmp_path)) as second:
        assert await second.add([STAYS, GOES]) == Counts(loaded=1, present=1)


async def test_a_reader_answers_from_its_graph_while_a_writer_replaces_it(tmp_path: Path) -> None:
    async with open_store(str(tmp_path)) as writer:
        await writer.add([STAYS, GOES])
        async with open_store(str(tmp_path), read_only=True) as reader:
            assert await tails(reader) == [STAYS, GOES]
            await writer.forget("goes")
            assert await tails(reader) == [STAYS, GOES]
            assert await tails(writer) == [STAYS]
        async with open_store(str(tmp_path), read_only=True) as reader:
            assert await tails(reader) == [STAYS]
