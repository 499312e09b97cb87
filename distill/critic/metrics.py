"""Measures of a critic: scores beside labels, both (triples,)."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.bool_]
Metric = Callable[[Labels, Floats], float]

_BINS = 10
_DRAWS = 400


def average_precision(labels: Labels, scores: Floats) -> float:
    """The area below precision over recall. Equal scores are one threshold."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores))


def auc(labels: Labels, scores: Floats) -> float:
    """The probability that a valid triple has a higher score than an invalid one."""
    from scipy.stats import rankdata

    valid = int(labels.sum())
    ranks: Floats = np.asarray(rankdata(scores), np.float64)
    return float((ranks[labels].sum() - valid * (valid + 1) / 2) / (valid * (len(labels) - valid)))


def cutoff(labels: Labels, scores: Floats, recall: float) -> float:
    """The highest threshold with at least this share of the valid triples at or above it."""
    valid = np.sort(scores[labels])[::-1]
    return float(valid[max(0, int(np.ceil(recall * len(valid) - 1e-9)) - 1)])


def precision_at(labels: Labels, scores: Floats, recall: float) -> float:
    """Share of valid triples among those from the cutoff of a recall on."""
    return float(labels[scores >= cutoff(labels, scores, recall)].mean())


def error_left(labels: Labels, scores: Floats, recall: float) -> float:
    """Share of invalid triples among the kept ones, divided by their share among all."""
    return (1 - precision_at(labels, scores, recall)) / float(1 - labels.mean())


def reliability(labels: Labels, p: Floats) -> list[tuple[float, float, int]]:
    """Mean probability, share of valid triples and number of triples, in bins of about equal numbers."""
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), _BINS) if len(part)]
    return [(float(p[part].mean()), float(labels[part].mean()), len(part)) for part in parts]


def calibration_error(labels: Labels, p: Floats) -> float:
    """Expected calibration error: the mean distance of probability and share in these bins."""
    return sum(abs(mean - share) * n for mean, share, n in reliability(labels, p)) / len(labels)


def calibration_error_by_chance(p: Floats) -> float:
    """The mean calibration error of right probabilities: labels drawn by p itself. Few rows have a large one."""
    random = np.random.default_rng(0)
    return float(np.mean([calibration_error(random.random(len(p)) < p, p) for _ in range(_DRAWS)]))


def interval(metric: Metric, labels: Labels, scores: Floats, heads: Sequence[str]) -> tuple[float, float]:
    """The central 95 % of a metric over bootstrap draws of whole heads, since triples of a head are alike."""
    random = np.random.default_rng(0)
    _, of_row = np.unique(np.array(heads), return_inverse=True)
    count = int(of_row.max()) + 1
    values: list[float] = []
    for _ in range(_DRAWS):
        times = np.bincount(random.integers(0, count, count), minlength=count)
        rows = np.repeat(np.arange(len(labels)), times[of_row])
        if 0 < labels[rows].sum() < len(rows):
            values.append(metric(labels[rows], scores[rows]))
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
