"""A critic on an encoder: it reads event and inference side by side, and gives a logit of "valid".

A base such as all-MiniLM-L6-v2 with a low-rank adapter, and a small head on the mean token state of each side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from distill.critic.pairs import HEAD, open_tokenizer, source_of
from distill.training import lora
from distill.weights.minilm import load_encoder
from schemas.errors import BadFile


@dataclass(frozen=True, slots=True)
class Pairs:
    """A batch of pairs of texts. All tensors are (pairs, tokens).

    ids: of the tokens.
    types: 0 for the first text, 1 for the second.
    mask: 1 for tokens, 0 for padding.
    sides: 0 and 1 for tokens of the first and the second text, -1 for others.
    """

    ids: Tensor
    types: Tensor
    mask: Tensor
    sides: Tensor


class Head(nn.Module):
    """Token states, (pairs, tokens, width), to logits, (pairs,)."""

    def __init__(self, width: int, hidden: int = 192) -> None:
        super().__init__()
        self.hidden = nn.Linear(4 * width, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, states: Tensor, sides: Tensor) -> Tensor:
        a, b = _mean(states, sides == 0), _mean(states, sides == 1)
        joint = nn.functional.dropout(torch.cat([a, b, (a - b).abs(), a * b], dim=-1), 0.1, self.training)
        return self.out(nn.functional.gelu(self.hidden(joint))).squeeze(-1)


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


class _PairEncoder(nn.Module):
    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = Head(encoder.config.hidden_size)
        self._has_types = getattr(encoder.config, "type_vocab_size", 1) > 1

    def forward(self, pairs: Pairs) -> Tensor:
        types = {"token_type_ids": pairs.types} if self._has_types else {}
        states = self.encoder(input_ids=pairs.ids, attention_mask=pairs.mask, **types).last_hidden_state
        return self.head(states, pairs.sides)


class EncoderModel:
    """See distill.critic.model.CriticModel. base: minilm, a folder, or a Hugging Face model id."""

    def __init__(self, base: str, device: str) -> None:
        self._base = base
        self._device = device
        self._tokenizer = open_tokenizer(base)
        self._tokenizer.enable_padding(pad_id=self._tokenizer.token_to_id(_pad_token(self._tokenizer)))
        self.encoder = load_encoder(source_of(base))
        self.module: nn.Module = _PairEncoder(self.encoder).to(device)

    def adapt(self, rank: int) -> None:
        lora.adapt(self.encoder, rank)
        self.module.to(self._device)

    def restore(self, folder: Path) -> None:
        lora.merge(self.encoder, folder)
        try:
            self.module.get_submodule("head").load_state_dict(load_file(folder / HEAD))
        except Exception as error:  # safetensors' own error derives from Exception alone
            raise BadFile(str(folder / HEAD), f"no head of this base ({error})") from error
        self.module.to(self._device)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, int]:
        encodings = self._tokenizer.encode_batch(list(pairs))
        columns = (
            [e.ids for e in encodings],
            [e.type_ids for e in encodings],
            [e.attention_mask for e in encodings],
            [[-1 if side is None else side for side in e.sequence_ids] for e in encodings],
        )
        ids, types, mask, sides = (torch.tensor(column).to(self._device) for column in columns)
        return self.module(Pairs(ids, types, mask, sides)), ids.numel()

    def save(self, folder: Path, rank: int) -> None:
        lora.save(self.encoder, folder, self._base, rank)
        weights = self.module.get_submodule("head").state_dict()
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, folder / HEAD)


def _pad_token(tokenizer: Any) -> str:
    return next(token for token in ("[PAD]", "<pad>") if tokenizer.token_to_id(token) is not None)
