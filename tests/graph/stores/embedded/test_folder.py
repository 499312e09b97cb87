"""The folder of an embedded store: its manifest, and the leftovers of a stop."""

import asyncio
import shutil
from pathlib import Path

import ladybug
import pytest

from graph.stores.connect import open_store
from graph.stores.protocol import Store
from schemas.errors import StoreUnavailable
from tests.support.triples import ask, triple

pytestmark = pytest.mark.anyio
ONE = triple("PersonX waits", "xWant", "to go")
LEFT = ["graph-1.lbug", "graph-10.lbug.wal", "graph-01.lbug", "events-1.sqlite", "events-10.sqlite-journal"]
OTHERS = ["graph-0.lbug.notes", "vectors.sqlite", "vectors-1.usearch", "graph-1.txt", "graph-1.lbugs",
          "my-graph-1.lbug", "load-1-notes", "events-1.csv"]  # fmt: skip


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def is_whole(store: Store) -> bool:
    [tails] = await store.tails([ask(ONE.head, "xWant")])
    return tails is not None and tails.triples == [ONE] and (await store.stats()).events == 1


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one triple, closed."""
    folder = tmp_path_factory.mktemp("whole") / "store"

    async def make() -> None:
        async with open_store(str(folder)) as store:
            await store.add([ONE])

    asyncio.run(make())
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of the store."""
    return Path(shutil.copytree(whole, tmp_path / "store"))


DAMAGED = [b"", b'{"version": 3, "num', b"\xff\xfe", b"[3, 0]", b"3", b"null", b'{"number": 0}', b'{"version": 3}']
OTHER_VERSIONS = [b'{"version": 1, "number": 0}', b'{"version": 5, "files": ["graph-0"]}']


@pytest.mark.parametrize(
    ("manifests", "reason"), [(DAMAGED, "is damaged"), (OTHER_VERSIONS, r"another version \(store [15], here 4\)")]
)
async def test_a_bad_manifest_is_refused_and_the_graph_outlives_it(
    folder: Path, manifests: list[bytes], reason: str
) -> None:
    path = folder / "store.json"
    good = path.read_bytes()
    for manifest in manifests:
        path.write_bytes(manifest)
        for read_only in (True, False):
            with pytest.raises(StoreUnavailable, match=reason):
                async with open_store(str(folder), read_only=read_only):
                    pass
        assert path.read_bytes() == manifest
    path.write_bytes(good)
    async with open_store(str(folder)) as store:  # the refused writers have released their locks
        assert await is_whole(store)


def as_version_3(folder: Path, *, dropped: int) -> None:
    """Make a store one of the version before: without the first properties of links, and without link keys."""
    database = ladybug.Database(folder / "graph-0.lbug")
    connection = ladybug.Connection(database)
    for name in ["confidence", "rule", "reading"][:dropped]:
        connection.execute(f"ALTER TABLE AS_EVENT DROP {name}")
    connection.close()
    database.close()
    (folder / "links-0.sqlite").unlink()
    (folder / "store.json").write_text('{"version": 3, "number": 0}')


@pytest.mark.parametrize("dropped", [3, 1])  # 1: an update was killed
async def test_a_store_of_the_version_before_is_brought_up_to_date(folder: Path, dropped: int) -> None:
    as_version_3(folder, dropped=dropped)
    with pytest.raises(StoreUnavailable, match="up to date, such as `cometgraph index`"):
        async with open_store(str(folder), read_only=True):
            pass
    async with open_store(str(folder)) as store:
        assert await is_whole(store)
        assert await store.set_scores([ONE], [0.5], "critic@1") == 1
        none = triple(ONE.head, "oReact", "none")
        await store.add([none])
        assert (await store.link()).removed == 0
        assert sorted(await store.triples([ONE.head])) == [none, ONE._replace(p_valid=0.5, critic="critic@1")]
    async with open_store(str(folder), read_only=True) as store:
        assert (await store.stats()).not_applicable == 1


async def test_a_writer_removes_leftovers_of_its_own_and_a_reader_none(folder: Path) -> None:
    for name in [*LEFT, *OTHERS]:
        (folder / name).write_text("left")
    (folder / "load-4711").mkdir()
    (folder / "load-4711" / "stored-0.arrows").write_text("left")
    before = names(folder)
    async with open_store(str(folder), read_only=True) as store:
        assert await is_whole(store)
    assert names(folder) == before
    async with open_store(str(folder)) as store:
        assert await is_whole(store)
        assert names(folder) == before - {*LEFT, "load-4711"}


async def test_a_store_is_a_folder_that_can_be_moved(folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "another place" / "% ? # é"
    moved.parent.mkdir()
    shutil.move(folder, moved)
    async with open_store(str(moved)) as store:
        assert await is_whole(store)
        assert await store.visible([ONE.head]) == {ONE.head}
