"""How a pair of events is written for the encoder."""

from pathlib import Path
from typing import Any

MAX_TOKENS = 128
"""Of both events together; the longest pair of ATOMIC's has 60."""
HEAD = "head.safetensors"
"""The file of the head's weights, beside the adapter's."""

_NAMES = (("PersonX", "Alex"), ("PersonY", "Ben"), ("PersonZ", "Chris"))


def with_first_names(event: str) -> str:
    """The event with names for persons: words that the encoder has met."""
    for person, name in _NAMES:
        event = event.replace(person, name)
    return event


def open_tokenizer(folder: Path) -> Any:
    """The encoder's tokenizer, cutting pairs that are too long."""
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer
