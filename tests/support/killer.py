"""Commands that are killed at a random moment."""

import random
import signal
import subprocess
import time

from tests.support.server import COMETGRAPH, clean_environment


class Killer:
    """Starts commands and kills them. killed: how many had not ended before.

    seconds: how long a command takes. Each that ends before its kill makes the next kill come earlier, because a busy
    machine may have become idle since that was measured.
    """

    def __init__(self, seed: int, seconds: float) -> None:
        self.killed = 0
        self._random = random.Random(seed)
        self._seconds = seconds

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        """Start `cometgraph` with these arguments and kill it."""
        process = subprocess.Popen(
            [COMETGRAPH, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=clean_environment(env or {}),
        )
        time.sleep(self._random.uniform(0.1, 0.95) * self._seconds)
        process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            self.killed += 1
        else:
            self._seconds *= 0.6
