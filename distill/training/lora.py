"""Low-rank adapters (Hu et al., 2021), fast on a CPU in bf16, kept in PEFT's file format."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from schemas.errors import BadFile

_PREFIX = "base_model.model."


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
    """A frozen linear layer and its adapter: down (rank, in), up (out, rank), scaled by 2 as PEFT's alpha = 2 rank."""

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
    """Freeze the model and give each linear layer of its blocks, from that one on, an adapter."""
    model.requires_grad_(requires_grad=False)
    for name, layer in list(model.named_modules()):
        block = next((int(part) for part in name.split(".") if part.isdigit()), -1)
        if isinstance(layer, nn.Linear | Conv1D) and block >= from_layer:
            parent = model.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], LoraLinear(layer, rank))


def adapters(model: nn.Module) -> Iterator[tuple[str, LoraLinear]]:
    """All adapted layers by name."""
    for name, layer in model.named_modules():
        if isinstance(layer, LoraLinear):
            yield name, layer


def save(model: nn.Module, folder: Path, base: str, rank: int) -> None:
    """Write the adapter as PEFT does, in float16."""
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
    """Give an adapted model the adapter of a folder. Raises BadFile where it does not fit."""
    tensors, scale = _read(folder)
    with torch.no_grad():
        for name, layer in adapters(model):
            try:
                layer.down.copy_(tensors[f"{_PREFIX}{name}.lora_A.weight"] * (scale / LoraLinear.scale))
                layer.up.copy_(tensors[f"{_PREFIX}{name}.lora_B.weight"])
            except (KeyError, RuntimeError) as error:
                raise BadFile(str(folder), f"an adapter of another shape: {name} ({error})") from error


def merge(model: nn.Module, folder: Path) -> None:
    """Add an adapter in PEFT's format to the weights of its base. Raises BadFile where they do not fit."""
    tensors, scale = _read(folder)
    for key, down in tensors.items():
        if not key.endswith(".lora_A.weight"):
            continue
        name = key.removeprefix(_PREFIX).removesuffix(".lora_A.weight")
        up = tensors[key.replace(".lora_A.", ".lora_B.")]
        try:
            weight = model.get_submodule(name).get_parameter("weight")
            change = scale * (up.float() @ down.float())
            if isinstance(model.get_submodule(name), Conv1D):
                change = change.T
            weight.data += change.to(weight.dtype)
        except (AttributeError, RuntimeError) as error:
            raise BadFile(str(folder), f"made for another model: {name} ({error})") from error


def _read(folder: Path) -> tuple[dict[str, Tensor], float]:
    """The tensors of an adapter, and the factor of their product."""
    path = folder / "adapter_model.safetensors"
    try:
        config = json.loads((folder / "adapter_config.json").read_text())
        scale = float(config["lora_alpha"]) / int(config["r"])
        tensors = load_file(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(str(path), f"no adapter that can be read ({error})") from error
    except Exception as error:  # safetensors' own error derives from Exception alone
        raise BadFile(str(path), f"damaged ({error})") from error
    return tensors, scale
