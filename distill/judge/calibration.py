"""From what the cross-encoder says to a confidence, and the threshold for "the same"."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.judge.pairs import Pair

_LEAST = 30
"""Pairs above a threshold by which its precision can be told."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """confidence = sigmoid(logit * by_logit + offset); the same from `threshold` on."""

    by_logit: float
    offset: float
    threshold: float

    def confidence(self, logits: NDArray[np.float32], shift: NDArray[np.float64] | float = 0.0) -> NDArray[np.float64]:
        """(pairs,) probabilities that they are the same. shift: of their log-odds, where the dev pairs mislead."""
        return 1 / (1 + np.exp(-(self.by_logit * logits.astype(np.float64) + self.offset + shift)))


def calibrate(logits: NDArray[np.float32], pairs: Sequence[Pair], precision: float) -> Calibration:
    """Fit by Newton's method on dev pairs that no rule decides, lightly regularised (Platt, 1999).

    The threshold is the least from which on at least `precision` of them are the same; where there is none, one that
    lets nothing pass but what a rule finds.
    """
    labels = np.array([p.same for p in pairs], dtype=np.float64)
    features = np.stack([logits, np.ones(len(labels))], axis=1).astype(np.float64)
    by_logit, offset = (round(float(w), 5) for w in _fit(features, labels))
    made = Calibration(by_logit, offset, threshold=1.0)
    confidences = made.confidence(logits)
    order = np.argsort(-confidences)
    kept = np.cumsum(labels[order]) / np.arange(1, len(labels) + 1)
    enough = np.flatnonzero((kept >= precision) & (np.arange(1, len(labels) + 1) >= _LEAST))
    least = float(confidences[order][enough[-1]]) if len(enough) else 0.999
    return Calibration(by_logit, offset, round(min(0.999, max(0.5, least)), 4))


def _fit(features: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.zeros(features.shape[1])
    ridge = np.diag([1e-3, 1e-6])
    for _ in range(50):
        said = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (said - labels) + ridge @ weights
        hessian = (features * (said * (1 - said))[:, None]).T @ features + ridge
        step = np.linalg.solve(hessian, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights
