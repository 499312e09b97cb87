"""Measures of a critic: scores beside labels."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.bool_]


def average_precision(labels: Labels, scores: Floats) -> float:
    """The area below precision over recall. Equal scores count as one threshold."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores))


def auc(labels: Labels, scores: Floats) -> float:
    """The probability that a valid triple has a higher score than an invalid one."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))


def cutoff(labels: Labels, scores: Floats, recall: float) -> float:
    """The highest threshold with at least this share of the valid triples at or above it."""
    valid = np.sort(scores[labels])[::-1]
    return float(valid[max(0, int(np.ceil(recall * len(valid) - 1e-9)) - 1)])


def precision_at(labels: Labels, scores: Floats, recall: float) -> float:
    """Share of valid triples among those from the cutoff of a recall on."""
    return float(labels[scores >= cutoff(labels, scores, recall)].mean())


def error_left(labels: Labels, scores: Floats, recall: float) -> float:
    """Share of invalid triples among the kept ones, divided by their share among all (West et al., 2022, figure 3)."""
    return (1 - precision_at(labels, scores, recall)) / float(1 - labels.mean())


def calibration_error(labels: Labels, p: Floats, bins: int = 10) -> float:
    """Expected calibration error, in bins of equal numbers of triples."""
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    return float(sum(len(part) * abs(p[part].mean() - labels[part].mean()) for part in parts if len(part)) / len(p))


def interval(
    measure: Callable[[Labels, Floats], float], labels: Labels, scores: Floats, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The central 95 % of a measure over bootstrap draws of the rows."""
    random = np.random.default_rng(seed)
    values: list[float] = []
    while len(values) < draws:
        rows = random.integers(0, len(labels), len(labels))
        if 0 < labels[rows].sum() < len(labels):
            values.append(measure(labels[rows], scores[rows]))
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
