"""Decoding: the way from a model's probabilities to tails."""

from dataclasses import dataclass, replace
from typing import Literal

from schemas.errors import BadInput

Method = Literal["greedy", "beam", "sample"]


@dataclass(frozen=True, slots=True)
class Decoding:
    """A method and its settings.

    method: greedy for the likeliest token at each step; beam for beam search; sample for nucleus sampling.
    n: tails. One with greedy.
    beams: of the beam search.
    temperature, top_p: of the sampling.
    max_new_tokens: maximum length of a tail, the end token included.
    """

    method: Method = "beam"
    n: int = 10
    beams: int = 10
    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 24


PRESETS: dict[str, Decoding] = {
    "paper": Decoding("sample", n=10, top_p=0.9),
    "fast": Decoding("greedy", n=1),
    "beam5": Decoding("beam", n=5, beams=5),
    "greedy": Decoding("greedy", n=1),
    "beam": Decoding("beam", n=10, beams=10),
    "sample": Decoding("sample", n=10),
}
"""Decodings by name. Each method is also a name, with its default settings."""


def decoding_of(
    name: str,
    *,
    n: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    max_new_tokens: int | None = None,
) -> Decoding:
    """A preset with some settings changed. Raises BadInput for a setting of another method."""
    if name not in PRESETS:
        raise BadInput.of("decoding", name, "one of: " + ", ".join(PRESETS))
    chosen = PRESETS[name]
    if chosen.method != "sample":
        for field, value in (("temperature", temperature), ("top_p", top_p)):
            if value is not None:
                message = f"{field}: decoding={name} draws nothing at random, so it has no {field}"
                raise BadInput.of(field, value, f"left out with decoding={name}", message)
    if n is not None:
        if chosen.method == "greedy" and n != 1:
            raise BadInput.of("n", n, f"1 with decoding={name}", f"n: decoding={name} has one result, not {n}")
        chosen = replace(chosen, n=n, beams=max(n, chosen.beams) if chosen.method == "beam" else chosen.beams)
    return replace(
        chosen,
        temperature=chosen.temperature if temperature is None else temperature,
        top_p=chosen.top_p if top_p is None else top_p,
        max_new_tokens=chosen.max_new_tokens if max_new_tokens is None else max_new_tokens,
    )
