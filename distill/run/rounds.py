"""The rounds of a run: event calls until enough is kept."""

import math

import orjson

from distill.run.config import Config
from distill.run.place import Place
from distill.run.stage import Counts, written
from schemas.errors import Unavailable

_MOST_GROWTH = 4
"""A round has at most so many times the event calls of all rounds before."""


class Rounds:
    """The event calls of all rounds so far. They are on disk, so a resumed run does not begin with the first round."""

    def __init__(self, config: Config, place: Place) -> None:
        self._path = place.out / "stages" / "rounds.json"
        self._key = config.model_dump(mode="json", include={"name", "seed", "teacher", "events", "inferences"})
        self.calls = config.events.calls
        self.events = 0
        """Events to ask about before the last round."""
        if self._path.exists() and (known := orjson.loads(self._path.read_bytes()))["key"] == self._key:
            self.calls = max(self.calls, known["calls"])
            self.events = known.get("events", 0)

    def add(self, calls: int, events: int) -> None:
        """Begin another round."""
        self.calls += calls
        self.events = events
        with written(self._path) as file:
            file.write(orjson.dumps({"key": self._key, "calls": self.calls, "events": self.events}))


def further_calls(config: Config, rounds: Rounds, counts: dict[str, Counts]) -> int:
    """Event calls of the next round, by what a call has brought so far.

    0: enough is kept, the budget is spent, or further events would not be asked about. Raises Unavailable if the last
    round brought nothing.
    """
    kept, wanted, calls, events = counts["filter"]["kept"], config.keep, rounds.calls, counts["inferences"]["events"]
    most = config.inferences.events
    if wanted is None or kept >= wanted or unpaid(counts) or (most is not None and events >= most):
        return 0
    if not kept:
        raise Unavailable(f"{calls} event calls brought no triple that the filter keeps", None)
    if events <= rounds.events:
        raise Unavailable(f"the last of {calls} event calls brought no further event: {kept} triples are kept", None)
    return min(math.ceil(calls * (wanted - kept) / kept * 1.05), calls * _MOST_GROWTH)


def unpaid(counts: dict[str, Counts]) -> int:
    """Calls beyond the budget."""
    return sum(int(counts.get(stage, {}).get("unpaid", 0)) for stage in ("events", "inferences"))
