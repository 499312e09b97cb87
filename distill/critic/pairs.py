"""Pairs of texts as an encoder's tokens, and the files of an encoder critic."""

from pathlib import Path
from typing import Any

from distill.weights.minilm import MINILM, folder_of
from schemas.errors import BadInput

HEAD = "head.safetensors"
"""File of the head's weights, in the folder of the adapter."""
MAX_TOKENS = 128
"""Of both texts together."""


def source_of(base: str) -> Path | str:
    """The folder of an encoder, or its model id. base: minilm, a folder, or a Hugging Face model id."""
    return folder_of(base) if base == MINILM or Path(base).exists() else base


def open_tokenizer(base: str) -> Any:
    """The encoder's tokenizer, without padding. It cuts pairs at MAX_TOKENS. Raises BadInput."""
    from tokenizers import Tokenizer

    source = source_of(base)
    try:
        if isinstance(source, Path):
            tokenizer: Any = Tokenizer.from_file(str(source / "tokenizer.json"))
        else:
            tokenizer = Tokenizer.from_pretrained(source)
    except Exception as error:  # tokenizers raises plain Exception
        raise BadInput.of("base", base, f"{MINILM}, a folder or a model id with a tokenizer ({error})") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer
