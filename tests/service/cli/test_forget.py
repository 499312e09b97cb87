"""`cometgraph forget`."""

import json
import subprocess
import time
from pathlib import Path

from tests.support.embedded_graph import embedded_graph
from tests.support.killer import Killer
from tests.support.neo4j_server import Neo4jAddress
from tests.support.server import COMETGRAPH, cometgraph

STUDENT = "student:tiny"


def filled(folder: Path, events: int = 1) -> str:
    """A store in which a data set and a student speak of events, and the student of one more."""
    store = str(folder / "store")
    rows = {
        "data": ["PersonX waits {n}\txWant\tto go {n}", "PersonX waits {n}\toReact\tnone"],
        STUDENT: [
            "PersonX waits {n}\txWant\tto go {n}",
            "PersonX waits {n}\txWant\tto sing {n}",
            "PersonX waits {n}\txEffect\tnone",
            "PersonX waits for applause\txWant\tto be heard",
        ],
    }
    for origin, lines in rows.items():
        file = folder / "rows.tsv"
        file.write_text("".join(f"{line.format(n=n)}\n" for n in range(events) for line in lines))
        done = cometgraph("load", str(file), "--origin", origin, "--store", store)
        assert done.returncode == 0, done.stderr
    return store


def test_it_says_what_became_of_the_edges(tmp_path: Path) -> None:
    store = filled(tmp_path)
    done = cometgraph("forget", "--origin", STUDENT, "--store", store)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("forgotten 2  none 1  kept 1  inferences 2  events 1  in ")
    answer = json.loads(cometgraph("infer", "PersonX waits 0", "--mode", "graph", "--json", "--store", store).stdout)
    assert [(i["tail"], i["origins"]) for i in answer["inferences"]] == [("to go 0", ["data"])]
    assert answer["not_applicable"] == ["oReact"]
    assert cometgraph("infer", "PersonX waits for applause", "--mode", "graph", "--store", store).returncode == 1
    again = cometgraph("forget", "--origin", STUDENT, "--store", store)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == f"cometgraph: origin: '{STUDENT}' is not an origin that the store has (data)\n"


def test_on_neo4j_too(tmp_path: Path, neo4j_uri: str, neo4j_server: Neo4jAddress) -> None:
    login = {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password}
    file = tmp_path / "rows.tsv"
    file.write_text("PersonX waits\txWant\tto go\nPersonX waits\toReact\tnone\n")
    assert cometgraph("load", str(file), "--origin", STUDENT, "--store", neo4j_uri, env=login).returncode == 0
    done = cometgraph("forget", "--origin", STUDENT, "--store", neo4j_uri, env=login)
    assert done.stdout.startswith("forgotten 1  none 1  kept 0  inferences 1  events 1  in ")
    done = cometgraph("forget", "--origin", STUDENT, "--store", neo4j_uri, env=login)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_no_store_is_made_where_there_is_none(tmp_path: Path) -> None:
    done = cometgraph("forget", "--origin", STUDENT, "--store", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []
    done = cometgraph("forget", "--store", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_store_that_another_process_writes_to_is_left_alone(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with subprocess.Popen([COMETGRAPH, "load", "-", "--store", store], stdin=subprocess.PIPE) as writer:
        for _ in range(400):
            if (Path(store) / "lock").read_text() == f"pid {writer.pid}":
                break
            time.sleep(0.05)
        done = cometgraph("forget", "--origin", STUDENT, "--store", store)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert f"pid {writer.pid}" in done.stderr
        writer.communicate(b"PersonX naps\txWant\tto wake\n", 60)
    assert cometgraph("forget", "--origin", STUDENT, "--store", store).returncode == 0


def test_killed_at_any_moment_and_run_again_it_completes(tmp_path: Path) -> None:
    whole = filled(tmp_path, events=3000)
    stores = [tmp_path / f"copy-{n}" for n in range(3)]
    for store in stores:
        subprocess.run(["cp", "-r", whole, store], check=True)
    before = embedded_graph(Path(whole))
    started = time.perf_counter()
    assert cometgraph("forget", "--origin", STUDENT, "--store", whole).returncode == 0
    seconds = time.perf_counter() - started
    expected = embedded_graph(Path(whole))
    killer = Killer(6, seconds)
    for store in stores:
        killer.run("forget", "--origin", STUDENT, "--store", str(store))
        assert embedded_graph(store) in (before, expected)
        again = cometgraph("forget", "--origin", STUDENT, "--store", str(store))
        assert again.returncode in (0, 2), again.stderr  # 2 where it had been done
        assert embedded_graph(store) == expected
        assert not list(store.glob("load-*"))
    assert killer.killed > 0


def test_a_folder_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    store = filled(tmp_path)
    manifest = Path(store) / "store.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 1}))
    for command in (["forget", "--origin", STUDENT], ["stats"], ["load", str(tmp_path / "rows.tsv")]):
        done = cometgraph(*command, "--store", store)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "load the data into a new folder" in done.stderr
