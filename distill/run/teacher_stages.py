"""The stages with a teacher: events.jsonl and inferences.jsonl."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from itertools import tee
from pathlib import Path
from typing import Any

import distill.teacher.choices
from distill import events, first_names, inferences
from distill.run.config import Config
from distill.run.place import Place
from distill.run.stage import Counts, Stage, digest, line, rows, written
from distill.teacher import requests
from distill.teacher.call_log import BudgetSpent, CallLog
from distill.teacher.calls import Call, Reply
from distill.teacher.choices import choices
from distill.teacher.replies import Result, replies
from distill.teacher.teacher import Teacher, open_teacher
from schemas.progress import Progress
from schemas.relations import RELATIONS

EVENTS = "events.jsonl"
INFERENCES = "inferences.jsonl"
_CODE = (events, inferences, first_names, requests, distill.teacher.choices)


def write_events(config: Config, place: Place, calls: int, progress: Progress) -> Counts:
    """Ask the teacher for events, and write all of them. Returns the counts."""
    stage = _events_stage(config, place, calls)
    return stage.counts(lambda: asyncio.run(_write_events(config, place, calls, progress)))


def write_inferences(config: Config, place: Place, progress: Progress) -> Counts:
    """Ask the teacher for inferences about the kept events, and write all of them. Returns the counts."""
    prompts = [RELATIONS[relation].teacher for relation in config.inferences.relations]
    inputs = [_common(config), config.inferences, prompts, digest(place.out / EVENTS)]
    return Stage("inferences", place.out, (INFERENCES,), inputs).counts(
        lambda: asyncio.run(_write_inferences(config, place, progress))
    )


def known_events(config: Config, place: Place, calls: int) -> list[str] | None:
    """The events to ask about, after so many calls. None before the stage of the events is finished."""
    is_done = _events_stage(config, place, calls).known() is not None
    return _kept_events(config, place.out) if is_done else None


def kept_inferences(out: Path) -> Iterator[dict[str, Any]]:
    """The rows of inferences that no rule dropped."""
    return (row for row in rows(out / INFERENCES) if row["dropped"] is None)


async def _write_events(config: Config, place: Place, calls: int, progress: Progress) -> Counts:
    model = config.teacher.requested
    answered: list[tuple[Call, Reply]] = []
    failed: Counter[str] = Counter()
    async with _teacher(config, place, progress) as teacher:
        asked = events.event_calls(config.events, model, config.seed, range(calls))
        async for call, result in _replies(teacher, asked, config, "events", calls, progress):
            if isinstance(result, Reply):
                answered.append((call, result))
            else:
                failed[_reason(result)] += 1
    completions = [(call, len(choices(reply))) for call, reply in answered]
    raws = list(events.read_events(answered, config.events, model.form))
    with written(place.out / EVENTS) as file:
        file.writelines(map(line, raws))
    kept = [raw.event for raw in raws if raw.dropped is None]
    return {
        "calls": calls,
        "unpaid": failed["unpaid"],
        "refused": failed["refused"],
        "useless": sum(not found for _, found in completions),
        "missing_completions": sum(_missing(call, found) for call, found in completions),
        "generated": len(raws),
        "kept": len(kept),
        "dropped": _by_rule(Counter(raw.dropped for raw in raws)),
        "new_in_100_calls": _gains([call.key for call, _ in answered], raws),
        "distinct_verbs": _distinct_verbs(kept),
    }


async def _write_inferences(config: Config, place: Place, progress: Progress) -> Counts:
    model = config.teacher.requested
    heads = _kept_events(config, place.out)
    pairs, same_pairs = tee(inferences.inference_calls(config.inferences, model, config.seed, heads))
    subjects = (subject for subject, _ in pairs)
    calls = (call for _, call in same_pairs)
    total = len(heads) * len(config.inferences.relations)
    counts: Counter[str | None] = Counter()
    by_relation: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    useless = missing = 0
    with written(place.out / INFERENCES) as file:
        async with _teacher(config, place, progress) as teacher:
            asked = _replies(teacher, calls, config, "inferences", total, progress)
            async for call, result in asked:
                subject = next(subjects)
                if not isinstance(result, Reply):
                    failed[_reason(result)] += 1
                    continue
                found = len(choices(result))
                useless += not found
                missing += _missing(call, found)
                raws = inferences.read_inferences(subject, call, result, model.form)
                counts.update(raw.dropped for raw in raws)
                by_relation.update(raw.relation.value for raw in raws if raw.dropped is None)
                file.writelines(map(line, raws))
    return {
        "calls": total,
        "unpaid": failed["unpaid"],
        "refused": failed["refused"],
        "useless": useless,
        "missing_completions": missing,
        "events": len(heads),
        "generated": counts.total(),
        "kept": counts[None],
        "dropped": _by_rule(counts),
        "by_relation": dict(by_relation),
    }


@asynccontextmanager
async def _teacher(config: Config, place: Place, progress: Progress) -> AsyncGenerator[Teacher]:
    """The teacher, with the call log open."""
    log = CallLog.open(place.log, config.name, config.budget.budget)
    try:
        teacher = await open_teacher(config.teacher.spec(place), log, progress)
        try:
            yield teacher
        finally:
            await teacher.close()
    finally:
        log.close()


async def _replies(
    teacher: Teacher, calls: Iterable[Call], config: Config, stage: str, total: int, progress: Progress
) -> AsyncGenerator[tuple[Call, Result]]:
    done = 0
    answered = replies(teacher, calls, config.teacher.limits.repetitions)
    async with aclosing(answered):
        async for pair in answered:
            yield pair
            done += 1
            progress(stage, done, total)


def _events_stage(config: Config, place: Place, calls: int) -> Stage:
    words = [events.seeds(config.events.seeds), events.topics(config.events.topics)]
    return Stage("events", place.out, (EVENTS,), [_common(config), config.events, calls, words])


def _kept_events(config: Config, out: Path) -> list[str]:
    kept = [row["event"] for row in rows(out / EVENTS) if row["dropped"] is None]
    return kept[: config.inferences.events]


def _common(config: Config) -> list[Any]:
    """Inputs of both stages: the seed, the teacher, and the code that writes prompts and reads replies.

    Name, budget and prices say how many calls can be paid.
    """
    code = [Path(str(module.__file__)).read_text() for module in _CODE]
    teacher = config.teacher
    paid = [config.name, config.budget, teacher.priced, teacher.batch]
    return [config.seed, teacher.requested, teacher.limits.repetitions, paid, code]


def _missing(call: Call, found: int) -> int:
    """Completions that the call asked for, and its reply does not have. found: those it has."""
    return max(0, int(call.request["body"].get("n", 1)) - found)


def _reason(result: Result) -> str:
    return "unpaid" if isinstance(result, BudgetSpent) else "refused"


def _by_rule(counts: Mapping[str | None, int]) -> dict[str, int]:
    return {rule: count for rule, count in counts.items() if rule is not None}


def _gains(calls: Sequence[str], raws: Iterable[events.RawEvent]) -> list[int]:
    """New events of each hundred calls: it tells when more calls are no longer worth their money."""
    kept = Counter(raw.call for raw in raws if raw.dropped is None)
    return [sum(kept[call] for call in calls[start : start + 100]) for start in range(0, len(calls), 100)]


def _distinct_verbs(heads: Iterable[str]) -> int:
    """Distinct first verbs of events with PersonX as their subject."""
    from lemminflect import getLemma  # imports spaCy, which takes seconds

    words = {words[1] for head in heads if (words := head.split())[0] == "PersonX"}
    return len({getLemma(word, "VERB")[0] for word in words if not word.endswith("ly")})
