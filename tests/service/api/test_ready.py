"""GET /ready while the store is down."""

import httpx2

from tests.support.neo4j_server import Neo4jAddress
from tests.support.relay import Relay
from tests.support.requests import problem
from tests.support.server import Server


def test_a_probe_does_not_wait_for_the_retries_of_a_query(neo4j_uri: str, neo4j_server: Neo4jAddress) -> None:
    relay = Relay(int(neo4j_uri.rpartition(":")[2]))
    server = Server(
        "--store", f"bolt://127.0.0.1:{relay.port}", env={"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password}
    )
    server.wait_until_ready()
    relay.stop()
    body = problem(httpx2.get(f"{server.url}/ready", timeout=60), 503, "StoreUnavailable")
    assert "within 2 s" in body["detail"]
    assert httpx2.get(f"{server.url}/health").status_code == 200
    assert server.stop() == 0
