"""Counts of the changes of a store. A cache uses them to find outdated answers."""

from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice

LARGEST = 100_000
"""Events with their last change in memory, about 40 MB."""


class Changes:
    """The number of changes, and the last change of each event.

    Over `largest` events the older half is dropped. A dropped change counts as a change of every event, so no outdated
    answer passes as valid.

    One thread counts while others read. Each step shows a reader either the old or the new state.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.count = 0
        self._largest = largest
        self._last_of_all = 0
        self._last: OrderedDict[str, int] = OrderedDict()  # oldest change first

    def add(self, events: Iterable[str]) -> None:
        """Count one change of these events."""
        self.count += 1
        for event in events:
            self._last[event] = self.count
            self._last.move_to_end(event)
        if len(self._last) > self._largest:
            self._forget(len(self._last) - self._largest // 2)

    def add_all(self) -> None:
        """Count one change of every event."""
        self.count += 1
        self._last_of_all = self.count
        self._last.clear()

    def is_changed(self, events: Iterable[str], since: int) -> bool:
        """True if one of the events changed after the change with the number `since`."""
        if since == self.count:
            return False
        last = self._last
        return since < self._last_of_all or any(last.get(event, 0) > since for event in events)

    def _forget(self, number: int) -> None:
        for event in list(islice(self._last, number)):
            self._last_of_all = self._last[event]
            del self._last[event]
