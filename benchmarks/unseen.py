"""Clients that ask for events which a store does not have, beside another load."""

import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from statistics import median
from threading import Event, Lock, Thread
from typing import Any

import httpx2

CLIENTS = 2


class Unseen:
    """Asks each path once; what it heard is counted over all its rounds."""

    def __init__(self, address: str, paths: Iterator[str]) -> None:
        self._address = address
        self._paths = paths
        self._lock = Lock()
        self._seconds: list[float] = []
        self._sources: Counter[str] = Counter()

    @contextmanager
    def asking(self) -> Generator[None]:
        """Ask from CLIENTS connections, each its next question after the answer to the one before."""
        stopping = Event()
        threads = [Thread(target=self._ask, args=(stopping,)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join()

    def as_dict(self) -> dict[str, Any]:
        p50 = round(1000 * median(self._seconds), 1) if self._seconds else None
        return {"clients": CLIENTS, "answers": dict(self._sources), "p50_ms": p50}

    def _ask(self, stopping: Event) -> None:
        with httpx2.Client(base_url=self._address, trust_env=False, timeout=120) as client:
            while not stopping.is_set():
                with self._lock:
                    path = next(self._paths, None)
                if path is None:
                    raise SystemExit("there are no more unseen events to ask for")
                began = time.perf_counter()
                response = client.get(path)
                with self._lock:
                    self._seconds.append(time.perf_counter() - began)
                    is_answer = response.status_code == httpx2.codes.OK
                    self._sources[response.json()["source"] if is_answer else str(response.status_code)] += 1
