"""Stop tokens: the ends of a tail."""

from collections.abc import Mapping


def stop_tokens(vocabulary: Mapping[str, int], eos: int, stops: str, end_token: str | None) -> list[int]:
    """The ids of the stop tokens, the end token first.

    vocabulary: token to id.
    eos: the tokenizer's own end token.
    stops: characters. Each token with one of them is a stop token.
    end_token: an end token by name, in place of `eos`.
    """
    end = vocabulary.get(end_token, eos) if end_token is not None else eos
    marks = {"Ċ" if stop == "\n" else stop for stop in stops}  # byte-level tokenizers write a line feed so
    return [end, *sorted(number for token, number in vocabulary.items() if marks.intersection(token) and number != end)]
