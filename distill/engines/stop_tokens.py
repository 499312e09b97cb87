"""The tokens that end a tail."""

from typing import Any


def ends_of(tokenizer: Any, stops: str, end_token: str | None) -> list[int]:
    """The tokens that end a tail, the end token first.

    stops: a token with one of these characters ends it, too. end_token: None for the tokenizer's own.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    end = vocabulary[end_token] if end_token in vocabulary else int(tokenizer.eos_token_id)
    marks = {"Ċ" if stop == "\n" else stop for stop in stops}  # byte-level tokenizers write a line feed so
    return [end, *sorted(number for token, number in vocabulary.items() if marks.intersection(token) and number != end)]
