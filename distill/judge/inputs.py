"""Pairs of events as input of the encoder."""

from pathlib import Path
from typing import Any

MAX_TOKENS = 128
"""Of both events together. The longest pair of ATOMIC has 60."""
HEAD = "head.safetensors"
"""File of the head's weights, in the folder of the adapter."""

_NAMES = (("PersonX", "Alex"), ("PersonY", "Ben"), ("PersonZ", "Chris"))


def with_first_names(event: str) -> str:
    """The event with first names for PersonX, PersonY and PersonZ. The encoder knows first names."""
    for person, name in _NAMES:
        event = event.replace(person, name)
    return event


def open_tokenizer(folder: Path) -> Any:
    """The encoder's tokenizer. It cuts pairs at MAX_TOKENS."""
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer
