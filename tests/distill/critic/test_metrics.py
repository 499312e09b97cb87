"""Metrics, calibration and thresholds, against numbers by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.critic.calibration import calibrate
from distill.critic.labels import Example
from distill.critic.metrics import (
    auc,
    average_precision,
    calibration_error,
    calibration_error_by_chance,
    cutoff,
    error_left,
    interval,
    precision_at,
    reliability,
)
from schemas.relations import Relation

LABELS = np.array([True, True, False, True, False, False, True, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
some = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=4, max_size=60).filter(
    lambda rows: 0 < sum(label for label, _ in rows) < len(rows)
)


def columns(rows: list[tuple[bool, int]]) -> tuple[Any, Any]:
    return np.array([label for label, _ in rows]), np.array([score / 20 for _, score in rows])


def test_by_hand() -> None:
    assert auc(LABELS, SCORES) == pytest.approx(12 / 16)
    assert average_precision(LABELS, SCORES) == pytest.approx((1 + 1 + 3 / 4 + 4 / 7) / 4)
    assert cutoff(LABELS, SCORES, 0.5) == 0.8
    assert precision_at(LABELS, SCORES, 0.75) == 0.75
    assert error_left(LABELS, SCORES, 0.75) == pytest.approx(0.25 / 0.5)
    assert error_left(LABELS, SCORES, 0.5) == 0


@given(some, st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_a_cutoff_keeps_its_recall(rows: list[tuple[bool, int]], recall: float) -> None:
    labels, scores = columns(rows)
    least = cutoff(labels, scores, recall)
    assert labels[scores >= least].sum() / labels.sum() >= recall - 1e-9
    higher = scores[scores > least]
    if len(higher):
        assert labels[scores >= higher.min()].sum() / labels.sum() < recall
    kept = scores >= least  # N r b / p, with the recall that it reaches
    reached = labels[kept].sum() / labels.sum()
    assert kept.sum() == pytest.approx(len(rows) * reached * labels.mean() / labels[kept].mean())


@given(some)
def test_auc_counts_pairs(rows: list[tuple[bool, int]]) -> None:
    labels, scores = columns(rows)
    pairs = [(a > b) + (a == b) / 2 for a in scores[labels] for b in scores[~labels]]
    assert auc(labels, scores) == pytest.approx(sum(pairs) / len(pairs))


def test_calibration_error() -> None:
    p = np.repeat([0.2, 0.8], 50)
    right = np.tile([True, False, False, False, False], 10), np.tile([True, True, True, True, False], 10)
    assert calibration_error(np.concatenate(right), p) == pytest.approx(0, abs=1e-9)
    assert calibration_error(np.zeros(100, bool), p) == pytest.approx(0.5)
    assert sum(n for _, _, n in reliability(np.concatenate(right), p)) == 100


def test_right_probabilities_have_an_error_by_chance_that_shrinks_with_rows() -> None:
    p = np.random.default_rng(1).uniform(0.1, 0.9, 40_000)
    few, many = calibration_error_by_chance(p[:400]), calibration_error_by_chance(p)
    assert many < 0.01 < 0.03 < few < 0.09


def test_an_interval_knows_that_rows_of_a_head_are_alike() -> None:
    labels, scores = np.tile(LABELS, 20), np.tile(SCORES, 20)
    alone = interval(auc, labels, scores, [str(n) for n in range(160)])
    of_few = interval(auc, labels, scores, [str(n % 8) for n in range(160)])
    assert alone[0] < auc(labels, scores) < alone[1]
    assert of_few[1] - of_few[0] > 2 * (alone[1] - alone[0])


def test_populations_have_their_own_calibration() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=6000)
    population = np.array(["student", "teacher", ""] * 2000)
    truth = 1 / (1 + np.exp(-np.where(population == "student", logits - 1, 3 * logits)))
    labels = random.random(6000) < truth
    examples = [
        Example("PersonX digs", Relation.xWant, "to rest", float(p), "dev", "s", population=str(of))
        for p, of in zip(labels, population, strict=True)
    ]
    fitted = calibrate(logits, examples)
    assert (fitted["student"].by_logit, fitted["student"].offset) == pytest.approx((1, -1), abs=0.15)
    assert (fitted["teacher"].by_logit, fitted["teacher"].offset) == pytest.approx((3, 0), abs=0.3)
    assert fitted["student"].rows == 2000
    assert (
        calibration_error(labels[population == "student"], fitted["student"].p_valid(logits[population == "student"]))
        < 0.04
    )
    cutoffs = list(fitted["student"].cutoffs.values())
    assert cutoffs == sorted(cutoffs, reverse=True)


def test_a_population_without_rows_has_the_calibration_of_all_but_questions() -> None:
    logits = np.array([3.0, 2.0, -1.0, -2.0, 0.0, 0.0])
    labels = [1, 1, 0, 0, 1, 0]
    examples = [
        Example("PersonX digs", Relation.xWant, "to rest", float(p), "dev", "s", group="q" if n > 3 else "")
        for n, p in enumerate(labels)
    ]
    fitted = calibrate(logits, examples)
    assert fitted["student"] == fitted["teacher"]
    assert fitted["student"].rows == 4
