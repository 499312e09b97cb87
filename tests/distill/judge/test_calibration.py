"""Confidences: calibrated on dev pairs, lowered where a candidate does not stand out."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from distill.judge.calibration import Calibration, calibrate, prior_shift
from distill.judge.pairs import Pair

COSINES = st.floats(-1, 1)
FEW = 25


def labelled(labels: NDArray[np.bool_]) -> list[Pair]:
    return [Pair("a", "b", bool(same), "kind", "") for same in labels]


def drawn(seed: int, slope: float, offset: float, count: int = 2000) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Logits, and labels that are the same with the probability sigmoid(slope * logit + offset)."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, count).astype(np.float32)
    return logits, random.random(count) < 1 / (1 + np.exp(-(slope * logits + offset)))


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.4, -1.0), (2.0, 1.5)])
def test_a_confidence_is_the_share_of_same_pairs(slope: float, offset: float) -> None:
    logits, labels = drawn(1, slope, offset)
    fitted = calibrate(logits, labelled(labels), 0.9)
    assert (fitted.by_logit, fitted.offset) == pytest.approx((slope, offset), rel=0.2, abs=0.2)
    confidences = fitted.confidence(logits)
    assert confidences.mean() == pytest.approx(labels.mean(), abs=1e-4)
    order = np.argsort(confidences)
    for part in np.array_split(order, 5):
        assert confidences[part].mean() == pytest.approx(labels[part].mean(), abs=0.06)


@pytest.mark.parametrize("seed", range(3))
def test_a_higher_precision_has_a_higher_threshold(seed: int) -> None:
    logits, labels = drawn(seed, 1.0, -0.5)
    before = 0.5
    for precision in (0.5, 0.7, 0.8, 0.9, 0.95, 0.99):
        fitted = calibrate(logits, labelled(labels), precision)
        chosen = labels[fitted.confidence(logits) >= fitted.threshold]
        assert before <= fitted.threshold <= 0.999
        assert fitted.threshold == 0.999 or chosen.mean() >= precision - 0.005
        before = fitted.threshold


@pytest.mark.parametrize(("right", "is_found"), [(FEW, False), (2 * FEW, True)])
def test_a_few_right_pairs_are_no_threshold(right: int, is_found: bool) -> None:
    logits = np.linspace(5, -5, 300).astype(np.float32)
    labels = np.arange(300) < right
    labels[right + 20 :: 3] = True
    fitted = calibrate(logits, labelled(labels), 0.97)
    assert (fitted.threshold < 0.999) is is_found


@given(st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=20, unique=True), st.floats(-18, 0))
def test_a_confidence_rises_with_its_logit_and_falls_with_its_shift(logits: list[float], shift: float) -> None:
    calibration = Calibration(0.5, -1.0, 0.9)
    values = np.array(sorted(logits), np.float32)
    confidences = calibration.confidence(values)
    assert (np.diff(confidences) >= 0).all()
    assert ((confidences >= 0) & (confidences <= 1)).all()
    assert (calibration.confidence(values, shift) <= confidences).all()
    by_two = calibration.confidence(values + 2 * np.float32(shift))
    np.testing.assert_allclose(calibration.confidence(values, shift), by_two, rtol=1e-4, atol=1e-9)


@given(COSINES, st.lists(COSINES, max_size=20), st.randoms())
def test_the_crowd_only_lowers_a_confidence(similarity: float, others: list[float], random: Random) -> None:
    shift = prior_shift(similarity, others)
    alone = prior_shift(similarity, [])
    assert shift <= alone <= 0
    assert shift >= alone - 16 * max(0.0, 0.85 - similarity) - 1e-9
    shuffled = random.sample(others, len(others))
    assert prior_shift(similarity, shuffled) == shift
    assert similarity < 0.85 or shift == 0


@given(st.floats(0.2, 0.84), st.lists(COSINES, min_size=9, max_size=9), st.lists(COSINES, max_size=9))
def test_only_the_nearest_of_the_crowd_count(similarity: float, near: list[float], more: list[float]) -> None:
    far = [cosine for cosine in more if cosine <= min(near)]
    assert prior_shift(similarity, near + far) == prior_shift(similarity, near)
    nearer = [min(1.0, cosine + 0.05) for cosine in near]
    assert prior_shift(similarity, nearer) <= prior_shift(similarity, near)
