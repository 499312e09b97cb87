"""Files for neo4j-admin: a real server imports them, and answers like the embedded store."""

import json
import os
from pathlib import Path

from graph.sample import SAMPLE
from tests.support.neo4j_server import Neo4jServer
from tests.support.server import cometgraph

NOTHING = "PersonX says nothing"
ODD: list[dict[str, object]] = [
    {
        "head": 'PersonX says "no", twice',
        "relation": "xWant",
        "tail": "a, b; c",
        "origins": ["a;b", "c,d"],
        "valid": -2,
    },
    {"head": NOTHING, "relation": "xWant", "tail": "\\ 'x'", "p_valid": 0.25, "rec_0.5": False, "rec_0.9": True},
    {"head": NOTHING, "relation": "xWant", "tail": "to be scored", "p_valid": 0.5, "critic": "c, d@1"},
    {"head": NOTHING, "relation": "xReact", "tail": "é ☂ 中", "split": "val"},
    {"head": NOTHING, "relation": "oReact", "tail": "none"},
]


def test_the_imported_graph_is_the_loaded_one(tmp_path: Path) -> None:
    odd, offline = tmp_path / "odd.jsonl", tmp_path / "with blank" / "files"
    odd.write_text("".join(json.dumps(row) + "\n" for row in ODD))
    files = [str(SAMPLE), str(odd)]
    export = cometgraph("load", *files, "--offline", str(offline))
    assert export.returncode == 0, export.stderr
    assert "neo4j-admin database import full neo4j" in export.stdout
    assert cometgraph("load", *files, "--store", str(tmp_path / "store")).returncode == 0

    server = Neo4jServer(tmp_path / "neo4j", heap="512m")
    server.import_files(offline)
    server.start()
    try:
        login = {"COMETGRAPH_NEO4J_PASSWORD": server.password}
        again = cometgraph("load", *files, "--store", server.uri, "--report", str(tmp_path / "r.json"), env=login)
        assert again.returncode == 0, again.stderr
        report = json.loads((tmp_path / "r.json").read_text())
        assert (report["loaded"], report["rejected"]) == (0, 0)
        stats, answers = [], []
        events = {row["head"] for row in map(json.loads, SAMPLE.read_text().splitlines())} | {r["head"] for r in ODD}
        questions = "".join(json.dumps({"event": event, "limit": 1000}) + "\n" for event in sorted(events))
        for store, env in ((server.uri, login), (str(tmp_path / "store"), {})):
            environment = dict(os.environ) | env
            stats_of_store = json.loads(cometgraph("stats", "--json", "--store", store, env=environment).stdout)
            stats.append({k: v for k, v in stats_of_store.items() if k != "store"})
            done = cometgraph("infer", "--input", "-", "--store", store, env=environment, input=questions)
            answers.append([json.loads(line) | {"took_ms": 0} for line in done.stdout.splitlines()])
        assert stats[0] == stats[1]
        assert answers[0] == answers[1]
        assert len(answers[0]) == len(events)
    finally:
        server.stop()
