"""The index of events on the command line and in the service: filled by itself, mended, or refused with a remedy."""

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.support.doc_pages import matches
from tests.support.neo4j_server import Neo4jAddress
from tests.support.server import ROOT, Server, cometgraph

SAMPLE = str(ROOT / "graph" / "sample.jsonl")


def row(event: str) -> str:
    return f"{event}\txWant\tto rest\n"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, with_index: dict[str, str]) -> Path:
    """A store with an index that has a part mapped into memory; tests take copies."""
    folder = tmp_path_factory.mktemp("indexed")
    (folder / "rows.tsv").write_text("".join(row(f"PersonX waits {n} hours") for n in range(1500)))
    done = cometgraph("load", str(folder / "rows.tsv"), "--origin", "t", "--store", str(folder / "s"), env=with_index)
    assert done.returncode == 0, done.stderr
    assert list((folder / "s").glob("vectors-*.usearch"))
    return folder / "s"


@pytest.fixture
def store(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "store"))


def index(store: Path, *arguments: str, env: dict[str, str]) -> str:
    done = cometgraph("index", "--store", str(store), *arguments, env=env)
    assert done.returncode == 0, done.stderr
    return re.sub(r"  in .*", "", done.stdout.strip()) + done.stderr


def index_info(store: Path, env: dict[str, str]) -> tuple[dict[str, object], str]:
    """What a service that starts on the store tells of its index, when it is ready, and its log."""
    server = Server("--store", str(store), env=env)
    server.wait_until_ready()
    info = httpx2.get(f"{server.url}/info").json()["index"]
    assert server.stop() == 0
    return info, "".join(server.log)


MADE = "by all-MiniLM-L6-v2 (76d9c9fef5b5, 384 dimensions)"


def test_load_fills_it_and_index_finds_nothing_to_do(store: Path, with_index: dict[str, str]) -> None:
    assert index(store, env=with_index) == f"events 1,500  embedded 0  {MADE}"
    info, log = index_info(store, with_index)
    assert info == {"state": "up", "doing": None, "repaired": None, "embedder": "all-MiniLM-L6-v2",
                    "version": "76d9c9fef5b5", "dimension": 384, "events": 1500}  # fmt: skip
    assert "vectors" not in log


def test_what_was_loaded_without_it_is_embedded_at_the_next_start(
    store: Path, tmp_path: Path, with_index: dict[str, str]
) -> None:
    more = tmp_path / "more.tsv"
    more.write_text("".join(row(f"PersonX sings {n} songs") for n in range(20)))
    assert cometgraph("load", str(more), "--origin", "more", "--store", str(store)).returncode == 0
    info, log = index_info(store, with_index)
    assert info["events"] == 1520
    assert "20 events got their vectors" in log
    assert cometgraph("forget", "--origin", "more", "--store", str(store)).returncode == 0
    assert index(store, env=with_index) == f"events 1,500  embedded 0  {MADE}"


def truncated(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def scribbled(path: Path) -> None:
    middle = path.stat().st_size // 2
    with path.open("r+b") as file:
        file.seek(middle)
        file.write(b"\xff" * 8192)


@pytest.mark.parametrize("damage", [truncated, emptied, scribbled, Path.unlink])
def test_a_damaged_file_of_vectors_is_made_anew(
    store: Path, with_index: dict[str, str], damage: Callable[[Path], None]
) -> None:
    damage(store / "vectors.sqlite")
    info, log = index_info(store, with_index)
    assert info["events"] == 1500
    assert "1500 events got their vectors" in log
    if damage is not Path.unlink:
        assert "vectors.sqlite was damaged" in str(info["repaired"])
        assert "vectors.sqlite was damaged" in log
    assert index(store, env=with_index) == f"events 1,500  embedded 0  {MADE}"


@pytest.mark.parametrize("damage", [truncated, emptied, scribbled, Path.unlink])
def test_a_damaged_graph_of_neighbours_is_made_again_without_embedding(
    store: Path, with_index: dict[str, str], damage: Callable[[Path], None]
) -> None:
    [path] = store.glob("vectors-*.usearch")
    damage(path)
    info, log = index_info(store, with_index)
    what = "missing" if damage is Path.unlink else "damaged"
    assert info["repaired"] == f"{path.name} was {what}; it is rebuilt from the vectors"
    assert info["events"] == 1500
    assert "got their vectors" not in log
    assert len(list(store.glob("vectors-*.usearch"))) == 1
    info, _ = index_info(store, with_index)
    assert info["repaired"] is None


def test_a_newer_version_is_refused_with_the_command_that_makes_it_anew(
    store: Path, with_index: dict[str, str]
) -> None:
    with sqlite3.connect(store / "vectors.sqlite") as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    reason = f"{store} has an index of a newer version (index 9, here 1); `cometgraph index` rebuilds it"
    done = cometgraph("load", SAMPLE, "--store", str(store), env=with_index)
    assert (done.returncode, done.stderr) == (1, f"cometgraph: {reason}\n")
    assert json.loads(cometgraph("stats", "--json", "--store", str(store)).stdout)["events"] == 1500
    assert_failed_but_answering(store, with_index, reason)
    assert index(store, env=with_index) == f"events 1,500  embedded 1,500  {MADE}"
    info, _ = index_info(store, with_index)
    assert info["events"] == 1500


def assert_failed_but_answering(store: Path, env: dict[str, str], reason: str, *arguments: str) -> None:
    server = Server("--store", str(store), *arguments, env=env)
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        for _ in range(6_000):
            state = client.get("/info").json()["index"]
            if state["state"] != "loading":
                break
            time.sleep(0.05)
        assert state["state"] == "failed"
        assert matches(state["doing"], reason)
        answer = client.get("/infer", params={"event": "PersonX waits 7 hours", "relation": "xWant"}).json()
        assert [one["tail"] for one in answer["inferences"]] == ["to rest"]
        ready = client.get("/ready")
        assert ready.status_code == 503
        assert matches(ready.json()["detail"], f"the index of events cannot be used: {reason}")
        assert "cometgraph_index_up 0.0" in client.get("/metrics").text
    assert server.stop() == 0


def test_another_embedder_is_refused_with_the_command_that_makes_it_anew(
    store: Path, with_index: dict[str, str], tiny_embedder: Path
) -> None:
    reason = (
        f"embedder: 'tiny-embedder (…, 32 dimensions)' is not {MADE.removeprefix('by ')}, the embedder of "
        "this store's index; `cometgraph index` rebuilds it for another one"
    )
    assert_failed_but_answering(store, with_index, reason, "--embedder", str(tiny_embedder))
    output = index(store, "--embedder", str(tiny_embedder), env=with_index)
    assert output.startswith("events 1,500  embedded 1,500  by tiny-embedder (")
    assert "32 dimensions" in output


@pytest.fixture(scope="module")
def tiny_embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real embedder of random weights, as sentence-transformers saves one."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    base = tmp_path_factory.mktemp("base")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz0123456789"]
    (base / "vocab.txt").write_text("\n".join([*words, *(f"##{word}" for word in words[5:])]))
    BertTokenizerFast(str(base / "vocab.txt")).save_pretrained(base)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(words) * 2, **sizes)).save_pretrained(base)
    transformer = Transformer(str(base))
    folder = tmp_path_factory.mktemp("embedders") / "tiny-embedder"
    SentenceTransformer(modules=[transformer, Pooling(32)], device="cpu").save(str(folder))
    return folder


@pytest.mark.parametrize(
    ("spec", "reason"),
    [("no/such/folder", "a folder that exists"), ("{here}", "a folder with a modules.json")],
)
def test_what_is_no_embedder_is_refused_before_anything_is_stored(
    tmp_path: Path, with_index: dict[str, str], spec: str, reason: str
) -> None:
    spec = spec.format(here=tmp_path)
    done = cometgraph("load", SAMPLE, "--store", str(tmp_path / "s"), "--embedder", spec, env=with_index)
    assert done.returncode == 2
    assert done.stderr.startswith(f"cometgraph: embedder: {spec[:40]!r}"[:-1])
    assert reason in done.stderr
    assert json.loads(cometgraph("stats", "--json", "--store", str(tmp_path / "s")).stdout)["events"] == 0


def test_a_truncated_embedder_is_refused(tmp_path: Path, with_index: dict[str, str], tiny_embedder: Path) -> None:
    broken = Path(shutil.copytree(tiny_embedder, tmp_path / "broken"))
    truncated(broken / "model.safetensors")
    done = cometgraph("load", SAMPLE, "--store", str(tmp_path / "s"), "--embedder", str(broken), env=with_index)
    assert done.returncode == 2
    assert done.stderr.startswith(f"cometgraph: {broken}: no embedder that sentence-transformers loads (")


def test_neo4j(tmp_path: Path, neo4j_uri: str, neo4j_server: Neo4jAddress, with_index: dict[str, str]) -> None:
    environment = with_index | {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password}
    file = tmp_path / "rows.tsv"
    file.write_text("".join(row(f"PersonX waits {n} hours") for n in range(30)))
    done = cometgraph("load", str(file), "--origin", "t", "--store", neo4j_uri, env=environment)
    assert done.returncode == 0, done.stderr
    done = cometgraph("index", "--store", neo4j_uri, env=environment)
    assert done.stdout.startswith(f"events 30  embedded 0  {MADE}")
