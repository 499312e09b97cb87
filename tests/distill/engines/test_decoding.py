"""Decodings by name with some settings of their own."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.engines.decoding import PRESETS, Decoding, decoding_of
from schemas.errors import BadInput

BEAMS = [name for name, preset in PRESETS.items() if preset.method == "beam"]
SAMPLED = [name for name, preset in PRESETS.items() if preset.method == "sample"]


def changed(name: str, decoding: Decoding) -> dict[str, object]:
    """The settings that differ from those of the preset."""
    preset = PRESETS[name]
    values = {field.name: getattr(decoding, field.name) for field in fields(Decoding)}
    return {field: value for field, value in values.items() if value != getattr(preset, field)}


@pytest.mark.parametrize("name", PRESETS)
def test_a_name_alone_is_the_preset(name: str) -> None:
    assert decoding_of(name) == PRESETS[name]
    assert changed(name, decoding_of(name, max_new_tokens=7)) == {"max_new_tokens": 7}


@given(st.sampled_from(BEAMS), st.integers(1, 50))
def test_a_beam_search_has_a_beam_for_each_tail(name: str, n: int) -> None:
    decoding = decoding_of(name, n=n)
    assert decoding.n == n
    assert decoding.beams == max(n, PRESETS[name].beams)
    assert changed(name, decoding).keys() <= {"n", "beams"}


@given(st.sampled_from(SAMPLED), st.integers(1, 50), st.floats(0, 2), st.floats(0, 1))
def test_a_sampled_decoding_takes_each_setting(name: str, n: int, temperature: float, top_p: float) -> None:
    decoding = decoding_of(name, n=n, temperature=temperature, top_p=top_p)
    assert (decoding.n, decoding.temperature, decoding.top_p) == (n, temperature, top_p)
    assert changed(name, decoding).keys() <= {"n", "temperature", "top_p"}


def test_a_greedy_decoding_has_one_tail() -> None:
    assert decoding_of("greedy", n=1).n == 1
    with pytest.raises(BadInput, match="decoding=greedy has one result, not 2"):
        decoding_of("greedy", n=2)


def test_an_unknown_decoding_is_told_the_known_ones() -> None:
    with pytest.raises(BadInput) as caught:
        decoding_of("Beam")
    [error] = caught.value.errors
    assert (error.field, error.value) == ("decoding", "Beam")
    assert all(name in error.allowed for name in PRESETS)
