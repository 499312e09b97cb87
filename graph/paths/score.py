"""Probabilities of steps, and scores of paths.

The score of a path is the geometric mean of its steps: (p₁·l₁ · p₂·l₂ · …)^(1/n), with the probability p of a triple
and the confidence l of a link. So paths of any length compare. Inside, a path has integer costs: sums of them are exact
in any order, on every machine.
"""

from math import exp, log

from graph.links.step import UNSCORED, Step

_LEAST = 1e-6
_UNIT = 1e9


def probability(step: Step) -> float:
    """The probability of a triple.

    The critic's. Without one, the student's: the geometric mean over the words of the tail and its end. Without one,
    UNSCORED.
    """
    if step.p_valid is not None:
        return step.p_valid
    if step.log_prob is not None:
        return exp(step.log_prob / (len(step.tail.split()) + 1))
    return UNSCORED


def cost(step: Step, *, is_linked: bool = True) -> int:
    """The negative logarithm of a step, in billionths. is_linked: the path follows the link."""
    return round(-log(max(probability(step) * (step.confidence if is_linked else 1.0), _LEAST)) * _UNIT)


def score(costs: int, steps: int) -> float:
    """The score of a path, 0 to 1. costs: their sum."""
    return exp(-costs / _UNIT / steps)
