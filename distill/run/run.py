"""A run: its stages in order, in rounds until enough triples are kept.

OUT/calls.sqlite       the call log
OUT/events.jsonl       all events, each with its call and the rule that dropped it
OUT/inferences.jsonl   all inferences, likewise
OUT/critic/            the critic, if the run trains one
OUT/scored.jsonl       ATOMIC-10x's fields
OUT/kept.jsonl         the same, for `cometgraph load`
OUT/student/           the student
OUT/report.json        counts, calls, tokens and money, planned and real
"""

import math
from dataclasses import asdict
from typing import Any

import orjson

from distill.run.config import Config
from distill.run.critic_stage import write_kept, write_scored
from distill.run.place import Place
from distill.run.plan import plan
from distill.run.stage import Counts, written
from distill.run.student_stage import train_student
from distill.run.teacher_stages import write_events, write_inferences
from distill.teacher.call_records import by_state
from schemas.errors import Unavailable
from schemas.progress import Progress

STAGES = ("events", "inferences", "critic", "filter", "student")
REPORT = "report.json"
_MOST_GROWTH = 4
"""A round has at most so many times the event calls of all rounds before."""


def run(config: Config, place: Place, progress: Progress, last: str = "student") -> dict[str, Any]:
    """Run all stages up to the last, or resume them. Returns the report, which is also written.

    Raises the errors of teacher, critic and student. Run again, it goes on.
    """
    place.out.mkdir(parents=True, exist_ok=True)
    planned = _first_plan(config, place)
    counts: dict[str, Counts] = {}
    try:
        rounds = _Rounds(config, place)
        _round(config, place, rounds.calls, counts, progress, last)
        while "filter" in counts and (further := _further_calls(rounds.calls, counts, config.keep)):
            rounds.add(further)
            _round(config, place, rounds.calls, counts, progress, last)
        if last == "student" and config.student is not None and counts["filter"]["kept"]:
            counts["student"] = train_student(config, place, progress)
    finally:
        report = _report(config, place, planned, counts)
    return report


def _round(config: Config, place: Place, calls: int, counts: dict[str, Counts], progress: Progress, last: str) -> None:
    """The stages from events to filter."""
    counts["events"] = write_events(config, place, calls, progress)
    if last != "events":
        counts["inferences"] = write_inferences(config, place, progress)
    if last not in ("events", "inferences"):
        counts["critic"] = write_scored(config, place, progress)
    if last in ("filter", "student"):
        counts["filter"] = write_kept(config, place)


def _further_calls(calls: int, counts: dict[str, Counts], wanted: int | None) -> int:
    """Event calls of the next round, by what a call has brought so far.

    0: enough is kept, or the budget is spent.
    """
    kept = counts["filter"]["kept"]
    if wanted is None or kept >= wanted or unpaid(counts):
        return 0
    if not kept:
        raise Unavailable(f"{calls} event calls brought no triple that the filter keeps", None)
    return min(math.ceil(calls * (wanted - kept) / kept * 1.05), calls * _MOST_GROWTH)


def unpaid(counts: dict[str, Counts]) -> int:
    """Calls beyond the budget."""
    return sum(int(counts.get(stage, {}).get("unpaid", 0)) for stage in ("events", "inferences"))


class _Rounds:
    """The event calls of all rounds so far. They are on disk, so a resumed run does not begin with the first round."""

    def __init__(self, config: Config, place: Place) -> None:
        self._path = place.out / "stages" / "rounds.json"
        self._key = config.model_dump(mode="json", include={"name", "seed", "teacher", "events", "inferences"})
        self.calls = config.events.calls
        if self._path.exists() and (known := orjson.loads(self._path.read_bytes()))["key"] == self._key:
            self.calls = max(self.calls, known["calls"])

    def add(self, calls: int) -> None:
        """Begin another round."""
        self.calls += calls
        with written(self._path) as file:
            file.write(orjson.dumps({"key": self._key, "calls": self.calls}))


def _first_plan(config: Config, place: Place) -> dict[str, Any]:
    """The plan from before the first call. It is kept with the run, to be compared with the real figures."""
    path = place.out / "plan.json"
    if not path.exists():
        with written(path) as file:
            file.write(orjson.dumps(asdict(plan(config, place, config.teacher.priced))))
    return orjson.loads(path.read_bytes())


def _report(config: Config, place: Place, planned: dict[str, Any], counts: dict[str, Counts]) -> dict[str, Any]:
    report = {
        "config": config.model_dump(mode="json"),
        "planned": planned,
        "stages": counts,
        "spent": {state: asdict(cost) for state, cost in by_state(place.log, config.name).items()},
        "budget_spent": bool(unpaid(counts)),
    }
    with written(place.out / REPORT) as file:
        file.write(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    return report
