"""The command line and a running service, in processes of their own."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parent.parent.parent
COMETGRAPH = str(Path(sys.executable).with_name("cometgraph"))


def clean_environment(settings: dict[str, str]) -> dict[str, str]:
    """An environment with these settings alone.

    Default: no student (`with_student`), no index (`with_index`), no critic (`with_critic`).
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COMETGRAPH_")}
    defaults = {"COMETGRAPH_GENERATE": "false", "COMETGRAPH_MATCH": "false", "COMETGRAPH_NO_CRITIC": "true"}
    return clean | defaults | settings


def cometgraph(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    environment = clean_environment(options.pop("env", {}))
    return subprocess.run([COMETGRAPH, *arguments], capture_output=True, text=True, env=environment, **options)


class Server:
    """A real `cometgraph serve` in a process of its own, on a free port."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log: list[str] = []
        environment = clean_environment(env or {})
        self.process = subprocess.Popen(
            [COMETGRAPH, "serve", "--port", str(port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._wait()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)

    def _wait(self) -> None:
        for _ in range(600):
            try:
                if httpx2.get(f"{self.url}/health").status_code == 200:
                    return
            except httpx2.TransportError:
                assert self.process.poll() is None, "".join(self.log)
                time.sleep(0.05)
        raise AssertionError("the service did not start")

    def wait_until_ready(self) -> None:
        """Wait until every part of the service is up."""
        with httpx2.Client(base_url=self.url, timeout=30) as client:
            wait_until_ready(client.get)

    def stop(self) -> int:
        """Ask it to stop. Returns its exit code."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        code = self.process.wait(30)
        self._reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code


def wait_until_ready(get: Callable[[str], httpx2.Response]) -> None:
    """Wait at most ten minutes: a first conversion of models takes long on a busy machine."""
    deadline = time.monotonic() + 600
    while (response := get("/ready")).status_code != 200:
        assert "cannot be used" not in response.text, response.text
        assert time.monotonic() < deadline, response.text
        time.sleep(0.1)
