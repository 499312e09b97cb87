"""From what the cross-encoder says and how alike the vectors are to a confidence, and the threshold for "the same"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.judge.pairs import Pair
from distill.judge.rules import difference, same_words


@dataclass(frozen=True, slots=True)
class Calibration:
    """confidence = sigmoid(logit * by_logit + similarity * by_similarity + offset); the same from `threshold` on."""

    by_logit: float
    by_similarity: float
    offset: float
    threshold: float

    def confidence(self, logits: NDArray[np.float32], similarities: NDArray[np.float32]) -> NDArray[np.float64]:
        """(pairs,) probabilities that they are the same."""
        return 1 / (1 + np.exp(-(self.by_logit * logits + self.by_similarity * similarities + self.offset)))


def calibrate(
    logits: NDArray[np.float32], similarities: NDArray[np.float32], pairs: Sequence[Pair], false_hits: float
) -> Calibration:
    """Fit by Newton's method on dev pairs, lightly regularised (Platt, 1999), and choose the threshold.

    The threshold is the least at which, rules included, at most `false_hits` of all different pairs pass.
    """
    labels = np.array([p.same for p in pairs], dtype=np.float64)
    # Pairs that a rule decides never reach the model; they count in the rates all the same.
    decided = np.array([difference(p.a, p.b) is not None or same_words(p.a, p.b) for p in pairs])
    features: NDArray[Any] = np.stack([logits, similarities, np.ones(len(pairs))], axis=1).astype(np.float64)
    weights = _fit(features[~decided], labels[~decided])
    made = Calibration(*(round(float(w), 5) for w in weights), threshold=1.0)
    confidences = np.where(decided, 0.0, made.confidence(logits, similarities))
    different = np.sort(confidences[labels == 0])[::-1]
    allowed = int(false_hits * len(different))
    least = float(different[allowed]) if allowed < len(different) else 0.0
    return Calibration(made.by_logit, made.by_similarity, made.offset, round(min(0.999, max(0.5, least + 1e-4)), 4))


def _fit(features: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.zeros(features.shape[1])
    ridge = np.diag([1e-3, 1e-2, 1e-6])
    for _ in range(50):
        said = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (said - labels) + ridge @ weights
        hessian = (features * (said * (1 - said))[:, None]).T @ features + ridge
        step = np.linalg.solve(hessian, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights
