"""The figures of a trained critic: calibration and thresholds from dev rows, metrics from test rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from distill.critic import POPULATIONS, Population
from distill.critic.calibration import Calibration, calibrate
from distill.critic.card import card
from distill.critic.labels import Example, questions
from distill.critic.metrics import (
    Floats,
    Metric,
    auc,
    average_precision,
    calibration_error,
    calibration_error_by_chance,
    error_left,
    interval,
    precision_at,
)
from distill.critic.model import restore_model
from distill.critic.train import read
from schemas.progress import Progress
from schemas.triples import RECALLS

_FAR = 3.0
"""A number of kept triples fails the self-test beyond this many standard deviations from its expectation."""
_FEWEST = 20
"""Valid and invalid rows of a source for figures of its own."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The self-test of a threshold: the number of test triples that it keeps, beside the expectation.

    expected: N r b / p for N test triples. Recall r, base rate b and precision p are those of the dev rows.
    deviation: one standard deviation of the difference.
    """

    population: Population
    recall: str
    expected: float
    kept: int
    deviation: float

    @property
    def passes(self) -> bool:
        """True for a number near the expectation."""
        return abs(self.kept - self.expected) <= _FAR * self.deviation


def describe(
    folder: Path, training: Sequence[Example], dev: Sequence[Example], test: Sequence[Example], device: str,
    progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    """Complete the critic in `folder`: critic.json gets calibration and figures, README.md is its card.

    Returns the content of critic.json.
    """
    about: dict[str, Any] = json.loads((folder / "critic.json").read_text("utf-8"))
    model = restore_model(folder, about["recipe"]["base"], device)
    about |= measured(training, dev, read(model, dev, progress), test, read(model, test, progress))
    for name, text in (("critic.json", json.dumps(about, indent=2) + "\n"), ("README.md", card(folder.name, about))):
        (folder / f"{name}.new").write_text(text, "utf-8")
        (folder / f"{name}.new").replace(folder / name)
    return about


def measured(
    training: Sequence[Example],
    dev: Sequence[Example],
    dev_logits: Floats,
    test: Sequence[Example],
    test_logits: Floats,
) -> dict[str, Any]:
    """Calibration and figures for critic.json. dev_logits, test_logits: of the rows of dev and test."""
    fitted = calibrate(dev_logits, dev)
    return {
        "data": _counts(training, dev, test),
        "calibration": {population: asdict(one) for population, one in fitted.items()},
        "test": figures(test, test_logits, fitted),
        "choice": {"dev": choice(dev, dev_logits), "test": choice(test, test_logits)},
        "self_test": [asdict(k) | {"passes": k.passes} for k in self_test(fitted, dev, dev_logits, test, test_logits)],
    }


def figures(
    examples: Sequence[Example], logits: Floats, fitted: Mapping[Population, Calibration]
) -> dict[str, dict[str, Any]]:
    """The metrics of each source and of each group of sources with a common beginning, each with its interval.

    Sources of a population have a calibration error.
    """
    results: dict[str, dict[str, Any]] = {}
    for source, rows in _by_source(examples).items():
        labels = np.array([examples[n].p >= 0.5 for n in rows])
        if min(labels.sum(), (~labels).sum()) < _FEWEST:
            continue
        heads, scores = [examples[n].head for n in rows], logits[rows]
        metrics: dict[str, Metric] = {"average_precision": average_precision, "auc": auc}
        for recall in RECALLS:
            metrics[f"precision at recall {recall}"] = partial(precision_at, recall=float(recall))
            metrics[f"error left at recall {recall}"] = partial(error_left, recall=float(recall))
        result: dict[str, Any] = {"rows": len(rows), "base_rate": round(float(labels.mean()), 4)}
        result |= {name: _with_interval(metric, labels, scores, heads) for name, metric in metrics.items()}
        populations = {examples[n].population for n in rows}
        if (calibration := next((c for p, c in fitted.items() if populations == {p}), None)) is not None:
            p = calibration.p_valid(scores)
            result["calibration_error"] = _with_interval(calibration_error, labels, p, heads)
            result["calibration_error_by_chance"] = round(calibration_error_by_chance(p), 4)
        results[source] = result
    return results


def _with_interval(metric: Metric, labels: Any, scores: Floats, heads: Sequence[str]) -> list[float]:
    return [round(value, 4) for value in (metric(labels, scores), *interval(metric, labels, scores, heads))]


def _by_source(examples: Sequence[Example]) -> dict[str, list[int]]:
    """Places of the single rows of each source, and of all sources before a slash."""
    places: dict[str, list[int]] = {}
    for n, example in enumerate(examples):
        if not example.group:
            for name in {example.source, example.source.partition("/")[0]}:
                places.setdefault(name, []).append(n)
    return dict(sorted(places.items()))


def choice(examples: Sequence[Example], logits: Floats) -> dict[str, Any]:
    """The share of questions with the right answer first. Empty without questions."""
    hits = [examples[q[int(np.argmax(logits[q]))]].p >= 0.5 for q in questions(examples) if len(q) > 1]
    return {"questions": len(hits), "right": round(sum(hits) / len(hits), 4)} if hits else {}


def self_test(
    fitted: Mapping[Population, Calibration],
    dev: Sequence[Example],
    dev_logits: Floats,
    test: Sequence[Example],
    test_logits: Floats,
) -> list[Kept]:
    """The self-test of each population with dev and test rows."""
    results: list[Kept] = []
    for population in POPULATIONS:
        on_dev, on_test = ([n for n, e in enumerate(some) if e.population == population] for some in (dev, test))
        if not on_dev or not on_test:
            continue
        calibration = fitted[population]
        p, p_test = calibration.p_valid(dev_logits[on_dev]), calibration.p_valid(test_logits[on_test])
        labels = np.array([dev[n].p >= 0.5 for n in on_dev])
        for level, least in calibration.cutoffs.items():
            kept = p >= least
            recall, base_rate, precision = labels[kept].sum() / labels.sum(), labels.mean(), labels[kept].mean()
            share = float(recall * base_rate / precision)
            n = len(on_test)
            deviation = sqrt(n * share * (1 - share) * (1 + n / len(on_dev)))
            results.append(Kept(population, level, n * share, int((p_test >= least).sum()), deviation))
    return results


def _counts(*parts: Sequence[Example]) -> dict[str, dict[str, float]]:
    """Rows of each source in training, dev and test, and the weight of its training rows."""
    counts: dict[str, dict[str, float]] = {}
    for split, examples in zip(("train", "dev", "test"), parts, strict=True):
        for example in examples:
            row = counts.setdefault(example.source, {"train": 0, "dev": 0, "test": 0, "weight": 1.0})
            row[split] += 1
            if split == "train":
                row["weight"] = example.weight
    return dict(sorted(counts.items()))
