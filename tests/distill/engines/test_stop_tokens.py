"""Stop tokens of a byte-level vocabulary, as the tokenizers library spells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel

from distill.engines.stop_tokens import stop_tokens
from distill.student.prompts import FORMS

texts = st.lists(st.text(st.sampled_from("ab .\n!éĊ字"), min_size=1, max_size=5), max_size=20, unique=True)


def spelt(text: str) -> str:
    """One token of a byte-level vocabulary."""
    [(token, _)] = ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
    return token


@given(texts, st.sampled_from(sorted({form.stops for form in FORMS.values()} | {"", "!"})))
def test_every_token_with_a_stop_ends_a_tail(texts: list[str], stops: str) -> None:
    vocabulary = {"<end>": 100} | {spelt(text): number for number, text in enumerate(texts)}
    found = stop_tokens(vocabulary, 100, stops, None)
    assert found == [100, *(n for n, text in enumerate(texts) if any(stop in text for stop in stops))]


@pytest.mark.parametrize(("end_token", "end"), [(None, 0), ("[EOS]", 3), ("[MISSING]", 0)])
def test_the_end_token_comes_first_and_once(end_token: str | None, end: int) -> None:
    vocabulary = {"</s>": 0, "a.": 2, "[EOS]": 3, ".": 1}
    assert stop_tokens(vocabulary, 0, ".", end_token) == [end, 1, 2]
    assert stop_tokens(vocabulary, 0, ".]", end_token) == [end, *(n for n in (1, 2, 3) if n != end)]
