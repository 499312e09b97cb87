"""`cometgraph cypher`."""

import json

from tests.support.server import cometgraph


def test_a_table_and_json(sample_store: str) -> None:
    query = "MATCH (e:Event {text: $event})-[r:xIntent]->(i) RETURN type(r) AS relation, i.text AS why, r ORDER BY why"
    parameters = ("--parameters", '{"event": "PersonX buys a car"}')
    table = cometgraph("cypher", query, *parameters, "--store", sample_store)
    assert table.returncode == 0, table.stderr
    header, first, *_ = table.stdout.splitlines()
    assert header.split() == ["relation", "why", "r"]
    assert first.startswith("xIntent")
    found = cometgraph("cypher", query, *parameters, "--store", sample_store, "--json", "--cypher-rows", "2")
    body = json.loads(found.stdout)
    assert len(body["rows"]) == 2
    assert body["truncated"]


def test_a_refused_query_is_one_line_and_exit_code_2(sample_store: str) -> None:
    refused = cometgraph("cypher", "MATCH (e) DELETE e", "--store", sample_store)
    assert refused.returncode == 2
    assert refused.stderr.startswith("cometgraph: query: ")
    assert "line 1, column 11" in refused.stderr
    assert refused.stderr.count("\n") == 1
