"""Cross-encoder logits to confidences, and the confidence threshold of "the same"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.judge.pairs import Pair

_MIN_PAIRS = 30
"""Fewest pairs above a threshold for an estimate of its precision."""
_RIDGE = 1e-3
_FAR = 0.7
_FAR_LOG_ODDS = -1.1
"""Below the cosine _FAR the odds are a third. Four in ten of the dev pairs there are the same, but hardly any candidate
of a vector index.
"""
_NEAR = 0.85
_CROWD_SLOPE = 16.0
_STANDOUT = 0.25
_OTHERS = 9
"""A sparse graph has a nearest event for every question. So a candidate below the cosine _NEAR must stand out.

Its log-odds fall by _CROWD_SLOPE times its distance from _NEAR. They fall less with its lead over the mean of the
_OTHERS nearest others, and not at all from the lead _STANDOUT on.
"""


@dataclass(frozen=True, slots=True)
class Calibration:
    """confidence = sigmoid(logit * by_logit + offset). A pair is the same from `threshold` on."""

    by_logit: float
    offset: float
    threshold: float

    def confidence(self, logits: NDArray[np.float32], shift: NDArray[np.float64] | float = 0.0) -> NDArray[np.float64]:
        """Probabilities of "the same", (pairs,).

        logits: of the cross-encoder, (pairs,).
        shift: correction of the log-odds, (pairs,).
        """
        return 1 / (1 + np.exp(-(self.by_logit * logits.astype(np.float64) + self.offset + shift)))


def prior_shift(similarity: float, others: Sequence[float]) -> float:
    """Correction of a candidate's log-odds for the graph around it: zero or negative.

    similarity: cosine of the candidate and the asked event.
    others: cosines of the other candidates. An only candidate has no crowd.
    """
    shift = _FAR_LOG_ODDS if similarity < _FAR else 0.0
    if similarity >= _NEAR or not others:
        return shift
    nearest = sorted(others, reverse=True)[:_OTHERS]
    standout = min(1.0, max(0.0, similarity - sum(nearest) / len(nearest)) / _STANDOUT)
    return shift - _CROWD_SLOPE * (_NEAR - similarity) * (1 - standout)


def calibrate(logits: NDArray[np.float32], pairs: Sequence[Pair], precision: float) -> Calibration:
    """A calibration from dev pairs without a rule's verdict, by logistic regression (Platt, 1999).

    logits: of the cross-encoder, (pairs,).
    pairs: with their labels.
    precision: wanted share of same pairs above the threshold. Without such a threshold it is 0.999.
    """
    from sklearn.linear_model import LogisticRegression

    labels = np.array([p.same for p in pairs], dtype=np.float64)
    model: Any = LogisticRegression(C=1 / _RIDGE, tol=1e-9, max_iter=1000)
    model.fit(logits.reshape(-1, 1).astype(np.float64), labels)
    by_logit, offset = round(float(model.coef_[0, 0]), 5), round(float(model.intercept_[0]), 5)
    confidences = Calibration(by_logit, offset, threshold=1.0).confidence(logits)
    order = np.argsort(-confidences)
    counts = np.arange(1, len(labels) + 1)
    precisions = np.cumsum(labels[order]) / counts
    enough = np.flatnonzero((precisions >= precision) & (counts >= _MIN_PAIRS))
    lowest = float(confidences[order][enough[-1]]) if len(enough) else 0.999
    return Calibration(by_logit, offset, round(min(0.999, max(0.5, lowest)), 4))
