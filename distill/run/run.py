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

from dataclasses import asdict
from typing import Any

import orjson

from distill.run.checks import check
from distill.run.config import Config
from distill.run.critic_stage import write_kept, write_scored
from distill.run.place import Place
from distill.run.plan import plan
from distill.run.rounds import Rounds, further_calls, unpaid
from distill.run.stage import Counts, written
from distill.run.student_stage import train_student
from distill.run.teacher_stages import write_events, write_inferences
from distill.teacher.call_records import by_state
from schemas.progress import Progress

STAGES = ("events", "inferences", "critic", "filter", "student")
REPORT = "report.json"


def run(config: Config, place: Place, progress: Progress, last: str = "student") -> dict[str, Any]:
    """Run all stages up to the last, or resume them. Returns the report, which is also written.

    Raises the errors of teacher, critic and student. Run again, it goes on.
    """
    check(config, last)
    place.out.mkdir(parents=True, exist_ok=True)
    planned = _first_plan(config, place)
    counts: dict[str, Counts] = {}
    try:
        rounds = Rounds(config, place)
        _round(config, place, rounds.calls, counts, progress, last)
        while "filter" in counts and (further := further_calls(config, rounds, counts)):
            rounds.add(further, counts["inferences"]["events"])
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


def _first_plan(config: Config, place: Place) -> dict[str, Any]:
    """The plan from before the first call. It is kept with the run, to be compared with the real figures.

    A run with other calls has a plan of its own.
    """
    path = place.out / "plan.json"
    key = config.model_dump(mode="json", include={"keep", "teacher", "events", "inferences", "student"})
    if not path.exists() or (known := orjson.loads(path.read_bytes())).get("key") != key:
        known = {"key": key, "plan": asdict(plan(config, place, config.teacher.priced))}
        with written(path) as file:
            file.write(orjson.dumps(known))
    return known["plan"]


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
