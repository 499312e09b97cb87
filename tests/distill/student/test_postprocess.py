"""From completions to tails: their order does not matter, their probabilities add up."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.engines.engine import Completion
from distill.student.postprocess import MIN_CHARACTERS, rank_tails
from schemas.events import MAX_TAIL

TEXTS = [" happy", " happy.", "happy", " sad", " None.", " none", " ok", " to go home", " to go  home", "…", " x" * 400]
weights = st.dictionaries(st.sampled_from(TEXTS), st.integers(1, 40), min_size=1)


def completions(weights: dict[str, int], finished: bool = True) -> list[Completion]:
    total = sum(weights.values()) + 1
    return [Completion(text, math.log(weight / total), finished) for text, weight in weights.items()]


@given(weights, st.randoms())
def test_tails_are_ranked_by_their_probability(weights: dict[str, int], random: Random) -> None:
    made = completions(weights)
    ranked = rank_tails(made, "\n")
    assert [tail.rank for tail in ranked.tails] == list(range(1, len(ranked.tails) + 1))
    log_probs = [tail.log_prob for tail in ranked.tails]
    assert log_probs == sorted(log_probs, reverse=True)
    assert all(MIN_CHARACTERS <= len(tail.text) <= MAX_TAIL for tail in ranked.tails)
    again = rank_tails(random.sample(made * 2, 2 * len(made)), "\n")
    assert {tail.text for tail in again.tails} == {tail.text for tail in ranked.tails}
    assert (again.applies, again.is_cut) == (ranked.applies, False)


@given(weights)
def test_the_probabilities_of_one_tail_are_added(weights: dict[str, int]) -> None:
    total = sum(weights.values()) + 1
    ranked = rank_tails(completions(weights), "\n")
    for text, spellings in {"happy": TEXTS[:3], "sad": TEXTS[3:4], "to go home": TEXTS[7:9]}.items():
        found = [math.exp(tail.log_prob) for tail in ranked.tails if tail.text == text]
        weight = sum(weights.get(spelling, 0) for spelling in spellings)
        assert found == pytest.approx([weight / total] if weight and ranked.applies else [], rel=2e-4)
    none = sum(weights.get(spelling, 0) for spelling in TEXTS[4:6])
    assert (ranked.none_log_prob is None) == (none == 0)
    assert math.exp(ranked.none_log_prob or 0) == pytest.approx(none / total if none else 1)


@given(weights, weights)
def test_a_cut_completion_is_used_only_alone(whole: dict[str, int], cut: dict[str, int]) -> None:
    both = [*completions(cut, finished=False), *completions(whole)]
    assert rank_tails(both, "\n") == rank_tails(completions(whole), "\n")
    assert rank_tails(completions(cut, finished=False), "\n").is_cut
