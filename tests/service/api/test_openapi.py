"""schemathesis over the described API of a running service: all checks, no failure, with keys and without."""

import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.support.server import Server

KEY = "0123456789abcdef-read"
CONFIGURATION = """
# No schema of single parameters can say that decoding=beam and temperature exclude each other: that is a 422.
[checks]
positive_data_acceptance.enabled = false

# A bad question of a batch gets a problem in its place. The others of the batch are answered.
[[operations]]
include-path-regex = "/batch$"
checks.negative_data_rejection.enabled = false

# It takes a bare list, too, beside the object of the document.
[[operations]]
include-path = "/match"
generation.mode = "positive"
"""


@pytest.mark.parametrize("keyed", [False, True])
def test_schemathesis_finds_nothing(tmp_path: Path, keyed: bool) -> None:
    env = {"COMETGRAPH_API_KEYS": f"tester:read:{KEY}"} if keyed else {}
    server = Server("--store", str(tmp_path / "store"), env=env)
    server.wait_until_ready()  # until then /ready is a 503
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    header = ["--header", f"Authorization: Bearer {KEY}"] if keyed else []
    ran = subprocess.run(
        [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json",
         "--max-examples", "25", "--no-color", "--generation-deterministic", *header],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )  # fmt: skip
    requests = httpx2.get(f"{server.url}/metrics", headers={"X-API-Key": KEY}).text
    assert server.stop() == 0
    assert ran.returncode == 0, ran.stdout
    assert re.search(r'route="(?!/ready")[^"]*",status="5', requests) is None
