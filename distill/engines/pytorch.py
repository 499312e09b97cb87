"""Generation by PyTorch on a GPU or a CPU, for causal and encoder-decoder models.

A prompt is computed once for all of its tails. A row has the same results in any batch, for two reasons. A prompt is
padded to a multiple of 16 tokens, whatever the batch. Matrices have at least 16 rows, because libraries add up smaller
ones in another order.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distill.engines.decoding import Decoding
from distill.engines.engine import Completion, GenerationJob, Placement, ScoredToken, without_cache
from distill.engines.sampling import draw, uniforms
from distill.engines.stop_tokens import stop_tokens
from schemas.errors import BadFile, Unavailable

PAD_TO = 16
LEAST_ROWS = 16
MAX_ROWS = 320
"""Tails in a batch. More are no faster on a CPU, and need memory on a GPU."""
MAX_PROMPT = 512


@dataclass(slots=True)
class _Row:
    """An unfinished tail. job: index of its prompt. numbers: (steps,) uniform random numbers."""

    job: int
    numbers: Tensor
    tokens: list[int]
    log_prob: float = 0.0
    finished: bool = False


class TorchEngine:
    """See distill.engines.engine.Engine."""

    def __init__(self, model: Any, tokenizer: Any, ends: Sequence[int], device: str, dtype: torch.dtype) -> None:
        self._model: Any = model.to(device=device, dtype=dtype).eval()
        self._tokenizer = tokenizer
        self._ends = torch.tensor(sorted(set(ends)), device=device)
        self._device = device
        self._is_seq2seq = bool(model.config.is_encoder_decoder)
        self.out_of_memory = 0
        self.placement = Placement("torch", device, str(dtype).removeprefix("torch."))

    @classmethod
    def load(cls, folder: Path, stops: str, end_token: str | None, device: str, dtype: torch.dtype) -> "TorchEngine":
        """Load a model of transformers. stops, end_token: see `stop_tokens`. Raises BadFile."""
        from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        try:
            config = AutoConfig.from_pretrained(folder)
            kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model = kind.from_pretrained(folder, dtype=dtype)
        except Exception as error:  # transformers and safetensors raise errors of many classes
            raise BadFile(str(folder), f"not loadable ({_first_line(error)})") from error
        without_cache(tokenizer.backend_tokenizer)
        ends = stop_tokens(tokenizer.get_vocab(), int(tokenizer.eos_token_id), stops, end_token)
        return cls(model, tokenizer, ends, device, dtype)

    @torch.inference_mode()
    def draft(self, jobs: Sequence[GenerationJob]) -> list[list[Completion]]:
        results: list[list[Completion]] = [[] for _ in jobs]
        groups: defaultdict[tuple[Decoding, int], list[int]] = defaultdict(list)
        prompts = self._encoded([job.prompt for job in jobs])
        for n, job in enumerate(jobs):
            groups[job.decoding, _padded(len(prompts[n]))].append(n)
        for (decoding, length), members in groups.items():
            at_once = max(1, MAX_ROWS // decoding.n)
            waiting = iter(members)
            while part := list(islice(waiting, at_once)):
                chosen = [jobs[n] for n in part]
                for n, drafts in zip(
                    part, self._within_memory(chosen, [prompts[n] for n in part], length), strict=True
                ):
                    results[n] = drafts
        return results

    @torch.inference_mode()
    def score(self, pairs: Sequence[tuple[str, str]]) -> list[list[ScoredToken]]:
        scored: list[list[ScoredToken]] = []
        prompts = self._encoded([prompt for prompt, _ in pairs])
        for prompt, (_, tail) in zip(prompts, pairs, strict=True):
            tokens = [*self._tokenizer(tail, add_special_tokens=False)["input_ids"], int(self._ends[0])]
            state = _State.of(self._model, [prompt], _padded(len(prompt)), self._device, self._is_seq2seq)
            logits = [state.logits[0]]
            for token in tokens[:-1]:
                state.step(torch.tensor([token], device=self._device))
                logits.append(state.logits[0])
            each = torch.log_softmax(torch.stack(logits).float(), -1)
            scored.append(
                [ScoredToken(self._tokenizer.decode([token]), each[n, token].item()) for n, token in enumerate(tokens)]
            )
        return scored

    def close(self) -> None:
        del self._model
        if self._device.startswith("cuda"):
            torch.cuda.empty_cache()

    def _encoded(self, prompts: Sequence[str]) -> list[list[int]]:
        encoded = self._tokenizer(list(prompts), add_special_tokens=self._is_seq2seq)["input_ids"] if prompts else []
        return [tokens[-MAX_PROMPT:] for tokens in encoded]

    def _within_memory(
        self, jobs: list[GenerationJob], prompts: list[list[int]], length: int
    ) -> list[list[Completion]]:
        """Complete a group of jobs, in halves if the GPU is out of memory. Raises Unavailable for a single job."""
        try:
            if jobs[0].decoding.method == "beam":
                return self._search(jobs, prompts, length)
            return self._draw(jobs, prompts, length)
        except torch.OutOfMemoryError as error:
            if len(jobs) == 1:
                raise Unavailable("the GPU's memory is too small for one question") from error
        self.out_of_memory += 1
        torch.cuda.empty_cache()
        half = len(jobs) // 2
        return self._within_memory(jobs[:half], prompts[:half], length) + self._within_memory(
            jobs[half:], prompts[half:], length
        )

    def _draw(self, jobs: list[GenerationJob], prompts: list[list[int]], length: int) -> list[list[Completion]]:
        decoding = jobs[0].decoding
        steps = decoding.max_new_tokens
        rows: list[_Row] = []
        for n, job in enumerate(jobs):
            for numbers in torch.from_numpy(uniforms(job.seed, decoding.n, steps)):
                rows.append(_Row(n, numbers, []))
        state = _State.of(self._model, prompts, length, self._device, self._is_seq2seq)
        state.keep([row.job for row in rows])
        active = rows
        for step in range(steps):
            tokens, log_probs = self._next(state.logits, active, decoding, step)
            ended = torch.isin(tokens, self._ends).tolist()
            for row, token, log_prob, end in zip(active, tokens.tolist(), log_probs.tolist(), ended, strict=True):
                row.log_prob += log_prob
                row.finished = end
                if not end:
                    row.tokens.append(token)
            unfinished = [n for n, end in enumerate(ended) if not end]
            if not unfinished or step + 1 == steps:
                break
            if len(unfinished) < len(active):
                active = [active[n] for n in unfinished]
                state.keep(unfinished)
            state.step(tokens[unfinished])
        drafts: list[list[Completion]] = [[] for _ in jobs]
        texts = self._tokenizer.batch_decode([row.tokens for row in rows], skip_special_tokens=True)
        for row, text in zip(rows, texts, strict=True):
            drafts[row.job].append(Completion(text, row.log_prob, row.finished))
        return drafts

    def _next(self, logits: Tensor, rows: list[_Row], decoding: Decoding, step: int) -> tuple[Tensor, Tensor]:
        """(rows,) next tokens and their log-probabilities at temperature 1. logits: (rows, vocabulary)."""
        if decoding.method == "greedy":
            tokens = logits.argmax(-1)
        else:
            numbers = torch.stack([row.numbers[step] for row in rows]).to(self._device)
            ones = torch.ones(len(rows), device=self._device)
            tokens = draw(logits, numbers, ones * decoding.temperature, ones * decoding.top_p)
        # not logsumexp: its order of additions depends on the number of rows
        return tokens, torch.log_softmax(logits.float(), -1).gather(-1, tokens[:, None])[:, 0]

    def _search(self, jobs: list[GenerationJob], prompts: list[list[int]], length: int) -> list[list[Completion]]:
        """Beam search by transformers itself."""
        decoding = jobs[0].decoding
        inputs, mask = _side_by_side(prompts, length, self._device, left=not self._is_seq2seq)
        output = self._model.generate(
            input_ids=inputs,
            attention_mask=mask,
            num_beams=decoding.beams,
            num_return_sequences=decoding.n,
            max_new_tokens=decoding.max_new_tokens,
            do_sample=False,
            length_penalty=1.0,
            eos_token_id=self._ends.tolist(),
            pad_token_id=int(self._ends[0]),
            return_dict_in_generate=True,
            output_scores=True,
        )
        start = 1 if self._is_seq2seq else inputs.shape[1]
        sums = self._model.compute_transition_scores(output.sequences, output.scores, output.beam_indices)
        drafts: list[list[Completion]] = [[] for _ in jobs]
        for n, sequence in enumerate(output.sequences[:, start:]):
            ended = torch.isin(sequence, self._ends)
            size = int(ended.int().argmax()) if bool(ended.any()) else len(sequence)
            total = float(sums[n][torch.isfinite(sums[n])].sum())
            text = self._tokenizer.decode(sequence[:size], skip_special_tokens=True)
            drafts[n // decoding.n].append(Completion(text, total, bool(ended.any())))
        return drafts


@dataclass(slots=True)
class _State:
    """The key-value cache of some rows, and their logits for the next token: (rows, vocabulary)."""

    model: Any
    cache: Any
    mask: Tensor
    length: int
    logits: Tensor
    encoded: Tensor | None

    @classmethod
    def of(cls, model: Any, prompts: list[list[int]], length: int, device: str, is_seq2seq: bool) -> "_State":
        """The state after the prompts, padded to `length` tokens."""
        from transformers import DynamicCache, EncoderDecoderCache

        tokens, mask = _side_by_side(prompts, length, device, left=not is_seq2seq)
        if is_seq2seq:
            cache: Any = EncoderDecoderCache(DynamicCache(), DynamicCache())
            encoded = model.get_encoder()(input_ids=tokens, attention_mask=mask).last_hidden_state
            state = cls(model, cache, mask, 0, encoded, encoded)
            start = model.config.decoder_start_token_id
            state.step(torch.full((len(prompts),), start, device=device))
            return state
        cache = DynamicCache()
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        states = model.base_model(
            input_ids=tokens, attention_mask=mask, position_ids=positions, cache=cache, use_cache=True
        ).last_hidden_state[:, -1]
        return cls(model, cache, mask, length, _head(model, states), None)

    def keep(self, rows: list[int]) -> None:
        """Select rows, in this order. A row may repeat."""
        index = torch.tensor(rows, device=self.mask.device)
        self.cache.batch_select_indices(index)
        self.mask = self.mask[index]
        self.logits = self.logits[index]
        self.encoded = None if self.encoded is None else self.encoded[index]

    def step(self, tokens: Tensor) -> None:
        """Append one token to each row. tokens: (rows,)."""
        count = len(tokens)
        short = LEAST_ROWS - count
        if short > 0 and len(self.mask) == count:
            self.keep([*range(count), *[0] * short])
        tokens = torch.cat([tokens, tokens[:1].expand(len(self.mask) - count)])[:, None]
        if self.encoded is None:
            self.mask = torch.cat([self.mask, self.mask.new_ones(len(self.mask), 1)], -1)
            states = self.model.base_model(
                input_ids=tokens,
                attention_mask=self.mask,
                position_ids=self.mask.sum(-1, keepdim=True) - 1,
                cache=self.cache,
                use_cache=True,
            ).last_hidden_state[:, -1]
            self.logits = _head(self.model, states)[:count]
            return
        out = self.model(
            encoder_outputs=(self.encoded,),
            attention_mask=self.mask,
            decoder_input_ids=tokens,
            cache=self.cache,
            use_cache=True,
        )
        self.logits = out.logits[:count, -1]


def _head(model: Any, states: Tensor) -> Tensor:
    """(rows, vocabulary) logits of states (rows, width), computed with at least LEAST_ROWS rows."""
    count = len(states)
    if count < LEAST_ROWS:
        states = torch.cat([states, states[:1].expand(LEAST_ROWS - count, -1)])
    return model.get_output_embeddings()(states)[:count]


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _padded(length: int) -> int:
    return -(-length // PAD_TO) * PAD_TO


def _side_by_side(prompts: list[list[int]], length: int, device: str, *, left: bool) -> tuple[Tensor, Tensor]:
    tokens = torch.zeros(len(prompts), length, dtype=torch.long)
    mask = torch.zeros_like(tokens)
    for n, prompt in enumerate(prompts):
        place = slice(length - len(prompt), length) if left else slice(0, len(prompt))
        tokens[n, place] = torch.tensor(prompt)
        mask[n, place] = 1
    return tokens.to(device), mask.to(device)
