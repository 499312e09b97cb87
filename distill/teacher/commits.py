"""Group commits: changes of many callers in one transaction, so that the disk is not the limit."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from schemas.errors import StoreUnavailable

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]
"""A change of the database, inside of a transaction."""

_MOST = 1_000
"""Changes of one transaction."""


class GroupCommits:
    """One thread with a connection. It commits together all changes that arrived during the commit before."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._queue: SimpleQueue[tuple[Change[Any], Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="call log", daemon=True)
        self._thread.start()

    def do(self, change: Change[T]) -> "Future[T]":
        """The result of a change, as soon as it is on disk. An error of the change undoes this change alone.

        StoreUnavailable for an error of the database, such as a full disk.
        """
        future: Future[T] = Future()
        self._queue.put((change, future))
        return future

    def close(self) -> None:
        """Commit all changes so far, and close the connection."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        is_open = True
        while is_open:
            group = [self._queue.get()]
            while len(group) < _MOST and not self._queue.empty():
                group.append(self._queue.get())
            is_open = None not in group
            self._commit([one for one in group if one is not None])
        self._database.close()

    def _commit(self, group: list[tuple[Change[Any], "Future[Any]"]]) -> None:
        results: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for change, future in group:
                if future.set_running_or_notify_cancel():
                    results.append((future, *self._apply(change)))
            self._database.execute("COMMIT")
        except sqlite3.Error as error:  # disk full: nothing of this group is stored
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            results = [(future, None, error) for _, future in group if not future.cancelled()]
        for future, result, error in results:
            if isinstance(error, sqlite3.Error):
                future.set_exception(StoreUnavailable(f"the call log cannot be written ({error})"))
            elif error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

    def _apply(self, change: Change[Any]) -> tuple[Any, Exception | None]:
        self._database.execute("SAVEPOINT change")
        try:
            result = change(self._database)
        except Exception as error:
            if not self._database.in_transaction:  # a full disk has undone the whole group
                raise
            self._database.execute("ROLLBACK TO change")
            self._database.execute("RELEASE change")
            return None, error
        self._database.execute("RELEASE change")
        return result, None
