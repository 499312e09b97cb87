"""A critic in training, on a base of either kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from torch import Tensor, nn

from distill.weights.base_models import SMOLLM2
from distill.weights.minilm import MINILM

Kind = Literal["encoder", "causal"]


class CriticModel(Protocol):
    """A base with what it needs to give logits of "valid".

    module: all of its weights.
    encoder: the base itself.
    """

    module: nn.Module
    encoder: Any

    def adapt(self, rank: int) -> None:
        """Freeze the base, and add a low-rank adapter."""
        ...

    def restore(self, folder: Path) -> None:
        """Merge a trained adapter, and load the head if there is one. Raises BadFile."""
        ...

    def logits(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, int]:
        """A logit for each pair of texts of distill.critic.inputs, (pairs,), and the size of the batch in tokens."""
        ...

    def save(self, folder: Path, rank: int) -> None:
        """Write the adapter, and the head if there is one."""
        ...


def kind_of(base: str) -> Kind:
    """The kind of a base: causal for a language model, encoder for others."""
    if base in (SMOLLM2, MINILM):
        return "causal" if base == SMOLLM2 else "encoder"
    from transformers import AutoConfig

    from schemas.errors import BadInput

    try:
        config = AutoConfig.from_pretrained(base)
    except (OSError, ValueError) as error:
        allowed = f"{MINILM}, {SMOLLM2}, or a folder or Hugging Face model id ({error})"
        raise BadInput.of("base", base, allowed) from error
    is_causal = any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in config.architectures or ())
    return "causal" if is_causal else "encoder"


def load_model(base: str, device: str) -> CriticModel:
    """A base for training. Raises BadInput for an unknown one."""
    if kind_of(base) == "causal":
        from distill.critic.causal import CausalModel

        return CausalModel(base, device)
    from distill.critic.encoder import EncoderModel

    return EncoderModel(base, device)


def restore_model(folder: Path, base: str, device: str) -> CriticModel:
    """A trained critic, for reading. Raises BadInput, BadFile."""
    model = load_model(base, device)
    model.restore(folder)
    return model
