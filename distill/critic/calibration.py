"""Logits of a critic to probabilities of "valid", and thresholds for levels of recall, for one population."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.critic import POPULATIONS, Population
from distill.critic.labels import Example
from distill.critic.metrics import cutoff
from schemas.triples import RECALLS

_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Calibration:
    """p_valid = sigmoid(logit * by_logit + offset).

    cutoffs: for each level of recall the lowest p_valid of a kept triple, from dev rows.
    rows: number of these dev rows.
    base_rate: share of valid ones among them.
    of: their sources.
    """

    by_logit: float
    offset: float
    cutoffs: dict[str, float]
    rows: int
    base_rate: float
    of: list[str]

    def p_valid(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of "valid", (triples,), in four digits."""
        return np.round(1 / (1 + np.exp(-(self.by_logit * logits + self.offset))), 4)


def calibrate(logits: NDArray[np.float64], examples: Sequence[Example]) -> dict[Population, Calibration]:
    """A calibration for each population, by logistic regression on its dev rows (Platt, 1999).

    A population without rows of its own has the calibration of all rows. Rows of questions are left out if there are
    others: among three answers one is right by construction.

    logits: (examples,).
    """
    plain = np.array([not e.group for e in examples])
    usable = plain if _has_both(plain, examples) else np.ones(len(examples), bool)
    fitted: dict[Population, Calibration] = {}
    for population in POPULATIONS:
        own = usable & np.array([e.population == population for e in examples])
        rows = own if _has_both(own, examples) else usable
        fitted[population] = _fit(logits[rows], [e for e, is_used in zip(examples, rows, strict=True) if is_used])
    return fitted


def _has_both(rows: NDArray[np.bool_], examples: Sequence[Example]) -> bool:
    return len({e.p >= 0.5 for e, is_used in zip(examples, rows, strict=True) if is_used}) == 2


def _fit(logits: NDArray[np.float64], examples: Sequence[Example]) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    labels = np.array([e.p >= 0.5 for e in examples])
    model: Any = LogisticRegression(C=1 / _RIDGE, tol=1e-9, max_iter=1000)
    model.fit(logits.reshape(-1, 1), labels)
    by_logit, offset = round(float(model.coef_[0, 0]), 5), round(float(model.intercept_[0]), 5)
    p = Calibration(by_logit, offset, {}, 0, 0.0, []).p_valid(logits)
    cutoffs = {level: cutoff(labels, p, float(level)) for level in RECALLS}
    sources = sorted({e.source for e in examples})
    return Calibration(by_logit, offset, cutoffs, len(examples), round(float(labels.mean()), 4), sources)
