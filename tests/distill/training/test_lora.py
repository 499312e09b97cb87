"""Adapters that PEFT wrote: every variant of LoRA is merged as PEFT itself merges it, and a partial one is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from distill.student.files import find, merged_weights
from distill.training import lora
from distill.weights.base_models import load_base
from schemas.errors import BadFile, BadInput
from schemas.progress import silent
from tests.support.tiny_models import make, opened

TOKENS = torch.arange(3, 40)[None]
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
Tensors = dict[str, Tensor]
pytestmark = pytest.mark.filterwarnings("ignore")  # PEFT warns while it writes


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llama", tmp_path_factory.mktemp("base") / "llama")


def written_by_peft(base: Path, folder: Path, **options: Any) -> Any:
    """An adapter of random weights in a folder. Returns the adapted model."""
    torch.manual_seed(5)
    config = peft.LoraConfig(
        task_type="CAUSAL_LM", r=4, lora_alpha=4, target_modules=LINEAR, init_lora_weights=False, **options
    )
    model = peft.get_peft_model(load_base(str(base)).model, config)
    if "modules_to_save" in options:
        with torch.no_grad():
            model.base_model.model.lm_head.modules_to_save["default"].weight.mul_(1.5)
    model.save_pretrained(folder)
    return model.eval()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_rslora": True},
        {"alpha_pattern": {"q_proj": 16}},
        {"rank_pattern": {"up_proj": 2, "down_proj": 6}},
        {"use_dora": True},
        {"modules_to_save": ["lm_head"]},
    ],
    ids=lambda options: next(iter(options), "plain"),
)
def test_merged_weights_compute_what_the_adapted_model_does(base: Path, tmp_path: Path, options: Any) -> None:
    adapted = written_by_peft(base, tmp_path / "adapter", **options)
    student = find(str(tmp_path / "adapter"), "plain", tmp_path / "cache")
    merged = load_base(str(merged_weights(student, silent))).model.eval()
    with torch.no_grad():
        torch.testing.assert_close(merged(TOKENS).logits, adapted(TOKENS).logits, rtol=5e-2, atol=5e-2)


def without_b(tensors: Tensors) -> Tensors:
    return {key: tensor for key, tensor in tensors.items() if "layers.1.mlp.up_proj.lora_B" not in key}


def renamed(tensors: Tensors) -> Tensors:
    return {key.replace("layers.1.", "layers.7."): tensor for key, tensor in tensors.items()}


def transposed(tensors: Tensors) -> Tensors:
    return {key: tensor.T.contiguous() for key, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (without_b, r"layers\.1\.mlp\.up_proj\.lora_B"),
        (renamed, r"layers\.7\."),
        (transposed, "another model"),
    ],
)
def test_an_adapter_with_wrong_tensors_is_refused_by_name(
    base: Path, tmp_path: Path, damage: Callable[[Tensors], Tensors], named: str
) -> None:
    written_by_peft(base, tmp_path / "adapter")
    path = tmp_path / "adapter" / "adapter_model.safetensors"
    save_file(damage(load_file(path)), path)
    with pytest.raises(BadFile, match=named):
        opened(tmp_path / "adapter", tmp_path / "cache", prompt_form="plain")


def test_an_adapter_that_is_no_lora_is_refused(base: Path, tmp_path: Path) -> None:
    model = peft.get_peft_model(
        load_base(str(base)).model, peft.IA3Config(target_modules=LINEAR, feedforward_modules=["down_proj"])
    )
    model.save_pretrained(tmp_path / "adapter")
    with pytest.raises(BadFile, match="IA3"):
        opened(tmp_path / "adapter", tmp_path / "cache", prompt_form="plain")


def test_an_adapter_of_some_layers_alone(base: Path, tmp_path: Path) -> None:
    adapted = load_base(str(base)).model.eval()
    lora.adapt(adapted, 4, from_layer=1)
    for _, layer in lora.adapters(adapted):
        torch.nn.init.normal_(layer.up, std=0.05)
    lora.save(adapted, tmp_path / "adapter", str(base), 4)
    plain = load_base(str(base)).model.eval()
    lora.merge(plain, tmp_path / "adapter")
    with torch.no_grad():
        torch.testing.assert_close(plain(TOKENS).logits, adapted(TOKENS).logits, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize(
    "options", [{"use_rslora": True}, {"alpha_pattern": {"q_proj": 16}}], ids=lambda o: next(iter(o))
)
def test_training_continues_plain_adapters_alone(base: Path, tmp_path: Path, options: Any) -> None:
    written_by_peft(base, tmp_path / "adapter", **options)
    model = load_base(str(base)).model
    lora.adapt(model, 4)
    with pytest.raises(BadFile, match=next(iter(options))):
        lora.restore(model, tmp_path / "adapter")


def test_training_refuses_an_adapter_of_another_rank(base: Path, tmp_path: Path) -> None:
    written_by_peft(base, tmp_path / "adapter")
    for rank in (1, 8):
        model = load_base(str(base)).model
        lora.adapt(model, rank)
        with pytest.raises(BadFile, match=r"another shape: .*lora_A"):
            lora.restore(model, tmp_path / "adapter")


def test_a_first_layer_that_is_none(base: Path) -> None:
    with pytest.raises(BadInput, match="from_layer"):
        lora.adapt(load_base(str(base)).model, 4, from_layer=2)
