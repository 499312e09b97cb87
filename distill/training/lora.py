"""Low-rank adapters (LoRA; Hu et al., 2021) in PEFT's file format.

The training layer is our own: it is faster on a CPU in bf16. PEFT merges, since it knows all variants of LoRA.
"""

import json
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from schemas.errors import BadFile, BadInput

_PREFIX = "base_model.model."
_VARIANTS = ("use_rslora", "use_dora", "alpha_pattern", "rank_pattern", "modules_to_save")
"""Settings of PEFT beyond plain LoRA."""


class _Adapted(torch.autograd.Function):
    """x W^T + x A^T B^T in two passes over the output, without copies of x in float32."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, down: Tensor, up: Tensor) -> Tensor:
        down, up = down.to(x.dtype), up.to(x.dtype)
        flat = x.reshape(-1, x.shape[-1])
        low = flat @ down.T
        ctx.save_for_backward(flat, low, weight, down, up)
        ctx.shape = x.shape
        return (flat @ weight.T).addmm_(low, up.T).view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, Tensor, Tensor]:
        flat, low, weight, down, up = ctx.saved_tensors
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        grad_low = grad @ up
        grad_x = (grad @ weight).addmm_(grad_low, down).view(ctx.shape)
        return grad_x, None, (grad_low.T @ flat).float(), (grad.T @ low).float()


class LoraLinear(nn.Module):
    """A frozen linear layer with an adapter: down (rank, in), up (out, rank). Its scale 2 is PEFT's alpha = 2 rank."""

    scale = 2.0

    def __init__(self, linear: nn.Linear | Conv1D, rank: int) -> None:
        super().__init__()
        weight = linear.weight if isinstance(linear, nn.Linear) else linear.weight.T
        self.linear = linear
        self.bias: Tensor | None = linear.bias
        self.down = nn.Parameter(torch.randn(rank, weight.shape[1]) / math.sqrt(weight.shape[1]))
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.linear.weight if isinstance(self.linear, nn.Linear) else self.linear.weight.T
        y = _Adapted.apply(x, weight, self.down * self.scale, self.up)
        return y if self.bias is None else y + self.bias


def adapt(model: nn.Module, rank: int, from_layer: int = 0) -> None:
    """Freeze the model, and add an adapter to each linear layer of the blocks from `from_layer` on.

    Raises BadInput for a model without such a block.
    """
    model.requires_grad_(requires_grad=False)
    for name, layer in list(model.named_modules()):
        block = next((int(part) for part in name.split(".") if part.isdigit()), -1)
        if isinstance(layer, nn.Linear | Conv1D) and block >= from_layer:
            parent = model.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], LoraLinear(layer, rank))
    if not any(adapters(model)):
        raise BadInput.of("from_layer", from_layer, "the number of a block of the base, counted from 0")


def adapters(model: nn.Module) -> Iterator[tuple[str, LoraLinear]]:
    """The adapted layers, with their names."""
    for name, layer in model.named_modules():
        if isinstance(layer, LoraLinear):
            yield name, layer


def save(model: nn.Module, folder: Path, base: str, rank: int) -> None:
    """Write the adapter in PEFT's format, in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    kinds: set[str] = set()
    for name, layer in adapters(model):
        kinds.add(name.rpartition(".")[2])
        tensors[f"{_PREFIX}{name}.lora_A.weight"] = layer.down.detach().half().contiguous()
        tensors[f"{_PREFIX}{name}.lora_B.weight"] = layer.up.detach().half().contiguous()
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": LoraLinear.scale * rank,
        "target_modules": sorted(kinds),
        "inference_mode": True,
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def restore(model: nn.Module, folder: Path) -> None:
    """Load a plain LoRA adapter into an adapted model, to train it further. Raises BadFile for another shape."""
    config, tensors = _read(folder)
    for variant in _VARIANTS:
        if config.get(variant):
            raise BadFile(str(folder), f"an adapter with {variant}; training continues plain LoRA alone")
    try:
        scale = float(config["lora_alpha"]) / int(config["r"]) / LoraLinear.scale
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise BadFile(str(folder / "adapter_config.json"), "without a valid r and lora_alpha") from error
    with torch.no_grad():
        for name, layer in adapters(model):
            for side, weight, factor in (("A", layer.down, scale), ("B", layer.up, 1.0)):
                key = f"{_PREFIX}{name}.lora_{side}.weight"
                tensor = tensors.pop(key, None)
                if tensor is None or tensor.shape != weight.shape:
                    raise BadFile(str(folder), f"an adapter of another shape: {key}")
                weight.copy_(tensor * factor)
    if tensors:
        raise BadFile(str(folder), f"an adapter of another shape: {min(tensors)}")


def merge(model: nn.Module, folder: Path) -> None:
    """Add a LoRA adapter to the weights of its base, in place. Any variant of LoRA that PEFT writes.

    Raises BadFile for an adapter of another model, one with missing or unknown tensors, and one that is no LoRA.
    """
    from peft import LoraConfig, LoraModel, set_peft_model_state_dict

    description, stored = _read(folder)
    if description.get("peft_type") != "LORA":
        raise BadFile(str(folder), f"an adapter of type {description.get('peft_type')}; only LORA can be merged")
    tensors = {key.removeprefix(_PREFIX): tensor for key, tensor in stored.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of layers without an adapter
            tuner = LoraModel(model, LoraConfig.from_pretrained(str(folder)), "default", state_dict=tensors)
            result = set_peft_model_state_dict(model, tensors)
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise BadFile(str(folder), f"an adapter of another model ({reason})") from error
    missing = [key for key in result.missing_keys if ".lora_" in key or ".modules_to_save." in key]
    if missing:
        raise BadFile(str(folder), f"an adapter without {min(missing).replace('.default', '')}")
    if result.unexpected_keys:
        raise BadFile(str(folder), f"an adapter of another model: {min(result.unexpected_keys)}")
    tuner.merge_and_unload()


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and tensors of an adapter. Raises BadFile."""
    path = folder / "adapter_model.safetensors"
    try:
        config = json.loads((folder / "adapter_config.json").read_text())
        tensors = load_file(path)
    except (OSError, ValueError) as error:
        raise BadFile(str(path), f"no readable adapter ({error})") from error
    except Exception as error:  # safetensors' own error derives from Exception alone
        raise BadFile(str(path), f"damaged ({error})") from error
    if not isinstance(config, dict):
        raise BadFile(str(folder / "adapter_config.json"), "no JSON object")
    return config, tensors
