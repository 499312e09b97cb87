"""The plan of a run: calls, tokens, money, time and disk of each stage, before anything is paid.

Each figure has a lowest and a highest value, without the repetitions of calls with useless replies. Finished stages
and replies in the call log replace assumptions.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import ceil

import orjson

from distill import events, inferences
from distill.run.config import IN_PROCESS, Config
from distill.run.place import Place
from distill.run.rounds import Rounds
from distill.run.teacher_stages import known_events
from distill.teacher.batch_log import BATCH_CALLS
from distill.teacher.call_records import answered_calls
from distill.teacher.calls import Call, Usage
from distill.teacher.prices import Prices
from distill.teacher.requests import completion_tokens

_BYTES_OF_TOKEN = (5.5, 2.5)
"""Bytes of an English prompt in one token, for the lowest and for the highest cost."""
_LEAST_TOKENS = 3
"""Fewest tokens of a completion."""
_KEPT_EVENTS = (0.1, 1.0)
"""Kept events of a completion."""
_KEPT_TAILS = (0.1, 0.9)
"""Kept inferences of a completion."""
_PASSED = (0.2, 1.0)
"""Share of the inferences that pass the filter."""
_CALL_SECONDS = (0.3, 6.0)
_BATCH_SECONDS = (300.0, 86_400.0)
"""Of a batch."""
_IN_PROCESS = (400.0, 60.0)
"""Tokens a second that a model in this process writes, on two cores."""
_SCORED = (1_500.0, 150.0)
"""Inferences a second that the critic scores, on two cores."""
_TRAINED = (60.0, 8.0)
"""Triples a second of a student's training, on two cores."""
_MEASURED = (0.8, 1.25)
"""Around the mean of the replies in the log."""
_ROW_BYTES = 350
_REPLY_BYTES = 1_500
_SAMPLE = 50
"""Calls that stand for all, and replies from which on their mean counts."""


@dataclass(frozen=True, slots=True)
class Range:
    """A lowest and a highest value."""

    low: float = 0.0
    high: float = 0.0

    def times(self, factors: "tuple[float, float] | Range | float") -> "Range":
        """The product with a range or a number."""
        low, high = _pair(factors)
        return Range(self.low * low, self.high * high)

    def over(self, rates: tuple[float, float]) -> "Range":
        """The time at these rates. The first is the highest."""
        return Range(self.low / rates[0], self.high / rates[1])


@dataclass(frozen=True, slots=True)
class StagePlan:
    """The plan of a stage.

    calls: all of them.
    paid: calls with a reply in the log. They cost nothing more, so the figures below are without them.
    tokens, dollars, seconds, bytes: tokens, US dollars, time and disk.
    """

    name: str
    calls: Range = Range()
    paid: int = 0
    tokens: Range = Range()
    dollars: Range = Range()
    seconds: Range = Range()
    bytes: Range = Range()


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a run. triples: kept ones."""

    triples: Range
    stages: list[StagePlan] = field(default_factory=list[StagePlan])


def plan(config: Config, place: Place, prices: Prices) -> Plan:
    """The plan of a run, or of the rest of one. prices: of the teacher."""
    relations = len(config.inferences.relations)
    tails = Range(*_KEPT_TAILS).times(relations * _written(config.inferences, config))
    passed = tails.times(_PASSED if config.filter.uses_critic else 1.0)
    new = Range(*_KEPT_EVENTS).times(_written(config.events, config))
    so_far = Rounds(config, place).calls
    event_calls = _event_calls(config, new.times(passed), so_far)
    known = known_events(config, place, so_far)
    heads = _heads(known, event_calls.times(new), config)
    model = config.teacher.requested
    answered = answered_calls(place.log)
    numbers = range(round(event_calls.high))
    asked = events.event_calls(config.events, model, config.seed, numbers)
    subjects = known if known is not None else events.seeds(config.events.seeds)
    about = (call for _, call in inferences.inference_calls(config.inferences, model, config.seed, subjects))
    inferred, kept = heads.times(tails), heads.times(passed)
    stages = [
        _asked("events", event_calls, asked, answered, config, prices),
        _asked("inferences", heads.times(relations), about, answered, config, prices),
    ]
    if config.filter.uses_critic:
        stages.append(StagePlan("critic", seconds=inferred.over(_SCORED), bytes=inferred.times(_ROW_BYTES)))
    stages.append(StagePlan("filter", bytes=kept.times(_ROW_BYTES)))
    if config.student is not None:
        stages.append(StagePlan("student", seconds=kept.times(config.student.epochs).over(_TRAINED)))
    return Plan(kept, stages)


def _event_calls(config: Config, kept_of_call: Range, so_far: int) -> Range:
    """The number of event calls. A run for a number of kept triples makes as many as it needs."""
    if config.keep is None:
        return Range(so_far, so_far)
    return Range(max(so_far, config.keep / kept_of_call.high), max(so_far, config.keep / kept_of_call.low))


def _heads(known: Collection[str] | None, expected: Range, config: Config) -> Range:
    """The number of events to ask about. known: those of finished calls."""
    most = config.inferences.events or max(expected.high, len(known or ()))
    if known is None:
        return Range(min(expected.low, most), min(expected.high, most))
    return Range(len(known), len(known) if config.keep is None else max(len(known), min(expected.high, most)))


def _written(recipe: events.EventRecipe | inferences.InferenceRecipe, config: Config) -> int:
    """Events or tails that a call writes."""
    return recipe.completions * (recipe.lines if config.teacher.form == "instructions" else 1)


def _asked(
    name: str, total: Range, calls: Iterable[Call], answered: dict[str, Usage], config: Config, prices: Prices
) -> StagePlan:
    """The plan of a stage with a teacher."""
    sample = list(islice(calls, _SAMPLE))
    usages = [answered[call.key] for call in (*sample, *(calls if answered else ())) if call.key in answered]
    prompt, completion = _tokens(sample, usages)
    open_calls = Range(max(0.0, total.low - len(usages)), max(0.0, total.high - len(usages)))
    low = Usage(round(prompt.low), round(prompt.low), round(completion.low))
    high = Usage(round(prompt.high), 0, round(completion.high))
    costs = [prices.cost(usage, in_batch=config.teacher.batch).nanodollars / 1e9 for usage in (low, high)]
    return StagePlan(
        name,
        calls=total,
        paid=len(usages),
        tokens=open_calls.times(Range(prompt.low + completion.low, prompt.high + completion.high)),
        dollars=open_calls.times((costs[0], costs[1])),
        seconds=_seconds(open_calls, completion, config),
        bytes=open_calls.times(_REPLY_BYTES),
    )


def _seconds(calls: Range, completion: Range, config: Config) -> Range:
    """The time of calls. completion: tokens of each."""
    if config.teacher.url == IN_PROCESS:
        return calls.times(completion).over(_IN_PROCESS)
    if config.teacher.batch:
        return Range(ceil(calls.low / BATCH_CALLS), ceil(calls.high / BATCH_CALLS)).times(_BATCH_SECONDS)
    return calls.times(_CALL_SECONDS).times(1 / config.teacher.limits.concurrency)


def _tokens(sample: Sequence[Call], usages: Collection[Usage]) -> tuple[Range, Range]:
    """Prompt and completion tokens of a call."""
    if len(usages) >= _SAMPLE:
        prompt = sum(usage.prompt for usage in usages) / len(usages)
        completion = sum(usage.completion for usage in usages) / len(usages)
        return Range(prompt, prompt).times(_MEASURED), Range(completion, completion).times(_MEASURED)
    if not sample:  # no event is kept
        return Range(), Range()
    bodies = [call.request["body"] for call in sample]
    size = sum(len(orjson.dumps(body.get("prompt") or body["messages"])) for body in bodies) / len(bodies)
    return Range(size, size).over(_BYTES_OF_TOKEN), Range(bodies[0]["n"] * _LEAST_TOKENS, completion_tokens(bodies[0]))


def _pair(factors: "tuple[float, float] | Range | float") -> tuple[float, float]:
    if isinstance(factors, Range):
        return factors.low, factors.high
    return factors if isinstance(factors, tuple) else (factors, factors)
