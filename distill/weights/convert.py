"""Conversion of a transformers checkpoint for CTranslate2."""

import json
from pathlib import Path
from typing import Any

from schemas.errors import BadFile


class NotConvertible(BadFile):
    """Damaged weights, or an architecture unknown to CTranslate2."""


def convert(source: Path, target: Path, compute_type: str) -> None:
    """Convert a checkpoint. Imports torch.

    source: folder of a checkpoint of transformers.
    target: an existing folder for model.bin, its configuration and its vocabulary.
    compute_type: int8 or float32.
    Raises NotConvertible, and OSError for a full disk.
    """
    import ctranslate2

    model = target / "model"
    try:
        ctranslate2.converters.TransformersConverter(str(source)).convert(str(model), quantization=compute_type)
    except Exception as error:  # transformers, safetensors and the converter raise errors of many classes
        if isinstance(error, OSError) and error.errno is not None:  # an error of the disk, not of transformers
            raise
        reason = str(error).strip().partition("\n")[0]
        raise NotConvertible(str(source), f"not convertible for CTranslate2 ({reason})") from error
    for path in model.iterdir():
        path.rename(target / path.name)
    model.rmdir()


def convert_generator(source: Path, target: Path, compute_type: str) -> int:
    """Convert a model that writes, with tokenizer.json. Returns the id of the end token. Raises as `convert`."""
    from transformers import AutoTokenizer

    convert(source, target, compute_type)
    tokenizer: Any = AutoTokenizer.from_pretrained(source)
    tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))
    _name_all_tokens(target / "config.json", tokenizer.eos_token)
    return tokenizer.eos_token_id


def _name_all_tokens(path: Path, end: str) -> None:
    """Replace each missing special token by the end token: CTranslate2 requires all of them."""
    config: dict[str, Any] = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({k: end if k.endswith("_token") and v is None else v for k, v in config.items()}))
