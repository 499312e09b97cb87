"""Samples after prompts with a common beginning, such as the examples of a few-shot prompt.

The beginning is computed once for all prompts. Equal beginnings of samples of one prompt are computed once, too: ten
tails that start with "to" are one sequence until they part. CTranslate2 copies its static prompt for each sample, and
seeds a random generator once for each of its threads, so that a sample there depends on all samples before.

A job has the same samples in any batch: on a CPU bit by bit, on a GPU up to rounding.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor

from distill.engines import prefix_attention
from distill.engines.engine import without_cache
from distill.engines.prefix_attention import PAD_TO, Prefix, State, prefix_of
from distill.engines.sample_jobs import Sample, Sampled, SampleJob
from distill.engines.sampling import draw, uniforms
from schemas.errors import BadInput

_BREAK = "\n\n"
"""The last blank line of a prompt ends its beginning."""
_ROWS = {"cpu": 320, "cuda": 2048}
"""Samples in a batch."""
_PREFIXES = 16
_TOLERANCE = 0.05
"""Of the sum of differences between two distributions."""


@dataclass(slots=True)
class _Branch:
    """Samples of a job with the same tokens so far. rows: their numbers in the job."""

    job: int
    rows: list[int]
    tokens: list[int] = field(default_factory=list[int])
    log_probs: list[float] = field(default_factory=list[float])


class SharedPrefixEngine:
    """A causal model of transformers. Calls block, and must not overlap."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer
        eos: Any = model.generation_config.eos_token_id
        ends: list[int] = eos if isinstance(eos, list) else [] if eos is None else [eos]
        self._ends = frozenset({*ends, int(tokenizer.eos_token_id)})
        self._rows = _ROWS[model.device.type]
        limits = (getattr(model.config, name, None) for name in ("max_position_embeddings", "sliding_window"))
        self._longest = min((int(limit) for limit in limits if limit), default=2**31)
        self._prefix = lru_cache(_PREFIXES)(partial(prefix_of, model))

    @classmethod
    def load(cls, folder: str, device: str, dtype: torch.dtype) -> "SharedPrefixEngine":
        """Load a model of transformers. Raises BadInput for an unreadable or unsupported one."""
        from transformers import AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model = prefix_attention.load(folder, device, dtype)
        except Exception as error:  # transformers and safetensors raise errors of many classes
            raise BadInput.of("model", folder, f"a causal model of transformers ({error})") from error
        without_cache(tokenizer.backend_tokenizer)
        engine = cls(model, tokenizer)
        if not engine._agrees():
            raise BadInput.of("model", folder, "an architecture with plain attention; serve this one by a server")
        return engine

    @torch.inference_mode()
    def sample(self, jobs: Sequence[SampleJob]) -> list[Sampled | BadInput]:
        """The samples of each job, or its error."""
        results: dict[int, Sampled | BadInput] = {}
        groups: defaultdict[tuple[tuple[int, ...], int], list[tuple[int, list[int]]]] = defaultdict(list)
        for n, job in enumerate(jobs):
            try:
                prefix, suffix = self._split(job)
            except BadInput as error:
                results[n] = error
                continue
            groups[prefix, -(-len(suffix) // PAD_TO) * PAD_TO].append((n, suffix))
        for (tokens, length), members in groups.items():
            prefix = self._prefix(tokens)
            for part in _within(self._rows, members, jobs):
                state = State.of(self._model, [suffix for _, suffix in part], length, prefix, len(tokens))
                drawn = self._continue([jobs[n] for n, _ in part], state)
                for (n, suffix), samples in zip(part, drawn, strict=True):
                    results[n] = Sampled(len(tokens) + len(suffix), samples)
        return [results[n] for n in range(len(jobs))]

    def close(self) -> None:
        """Free the model."""
        del self._model

    def _split(self, job: SampleJob) -> tuple[tuple[int, ...], list[int]]:
        """The tokens of the beginning and of the rest, which depend on this prompt alone. Raises BadInput."""
        text = job.prompt if isinstance(job.prompt, str) else self._chat(job.prompt)
        encoded = self._tokenizer(text, return_offsets_mapping=True, add_special_tokens=text is job.prompt)
        tokens: list[int] = encoded["input_ids"] or [self._tokenizer.eos_token_id]
        if len(tokens) + job.max_tokens > self._longest:
            raise BadInput.of("prompt", len(tokens), f"a length with max_tokens ≤ {self._longest:,}")
        end = text.rfind(_BREAK) + len(_BREAK) if _BREAK in text else 0
        count = sum(stop <= end for _, stop in encoded["offset_mapping"]) if end else 0
        count = min(count, len(tokens) - 1)
        return tuple(tokens[:count]), tokens[count:]

    def _chat(self, messages: tuple[tuple[str, str], ...]) -> str:
        """The text of a chat. Raises BadInput without a template for it."""
        values = [{"role": role, "content": content} for role, content in messages]
        try:
            return self._tokenizer.apply_chat_template(values, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # templates raise errors of many classes
            reason = str(error).partition("!")[0]
            raise BadInput.of("messages", None, f"a chat that the model has a template for ({reason})") from error

    def _continue(self, jobs: list[SampleJob], state: State) -> list[tuple[Sample, ...]]:
        samples: list[dict[int, Sample]] = [{} for _ in jobs]
        numbers = [torch.from_numpy(uniforms(job.seed, job.n, job.max_tokens)) for job in jobs]
        branches = [_Branch(n, list(range(job.n))) for n, job in enumerate(jobs)]
        while branches:
            parents: list[int] = []
            following: list[_Branch] = []
            for parent, branch in self._grown(jobs, branches, state.logits, numbers):
                finished = self._finished(jobs[branch.job], branch)
                if finished is None:
                    parents.append(parent)
                    following.append(branch)
                else:
                    samples[branch.job] |= dict.fromkeys(branch.rows, finished)
            branches = following
            if branches:
                state.step(parents, [branch.tokens[-1] for branch in branches])
        return [tuple(of_job[row] for row in range(job.n)) for job, of_job in zip(jobs, samples, strict=True)]

    def _grown(
        self, jobs: list[SampleJob], branches: list[_Branch], logits: Tensor, numbers: list[Tensor]
    ) -> list[tuple[int, _Branch]]:
        """All branches after one more token, each with the number of its parent."""
        log_probs = torch.log_softmax(logits, -1)
        rows = [(parent, branch, row) for parent, branch in enumerate(branches) for row in branch.rows]
        of_rows = [jobs[branch.job] for _, branch, _ in rows]
        device = logits.device
        uniform = torch.stack([numbers[branch.job][row, len(branch.tokens)] for _, branch, row in rows]).to(device)
        temperature = torch.tensor([job.temperature for job in of_rows], device=device)
        top_p = torch.tensor([job.top_p for job in of_rows], device=device)
        parents = torch.tensor([parent for parent, _, _ in rows], device=device)
        penalized = _penalized(jobs, branches, logits)[parents]
        drawn = draw(penalized, uniform, torch.where(temperature > 0, temperature, 1.0), top_p)
        tokens = torch.where(temperature > 0, drawn, penalized.argmax(-1))
        grown: dict[tuple[int, int], _Branch] = {}
        chosen = log_probs[parents, tokens].tolist()
        for (parent, branch, row), token, log_prob in zip(rows, tokens.tolist(), chosen, strict=True):
            if (parent, token) not in grown:
                grown[parent, token] = _Branch(branch.job, [], [*branch.tokens, token], [*branch.log_probs, log_prob])
            grown[parent, token].rows.append(row)
        return [(parent, branch) for (parent, _), branch in grown.items()]

    def _finished(self, job: SampleJob, branch: _Branch) -> Sample | None:
        """The sample of a branch with an end, a stop or the maximum length. None for an unfinished one."""
        tokens = branch.tokens
        has_end = tokens[-1] in self._ends
        text = self._tokenizer.decode(tokens[:-1] if has_end else tokens)
        cuts = [place for stop in job.stop if (place := text.find(stop)) >= 0]
        if not has_end and not cuts and len(tokens) < job.max_tokens:
            return None
        whole = text[: min(cuts, default=len(text))]
        pieces = self._pieces(tokens[:-1] if has_end else tokens, len(whole))
        finish = "stop" if has_end or cuts else "length"
        return Sample(whole, pieces, tuple(branch.log_probs[: len(pieces)]), len(tokens), finish)

    def _pieces(self, tokens: list[int], length: int) -> tuple[str, ...]:
        """The texts of the tokens that begin before `length` characters."""
        pieces: list[str] = []
        place = 0
        for count in range(1, len(tokens) + 1):
            if place >= length:
                break
            end = len(self._tokenizer.decode(tokens[:count]))
            pieces.append(self._tokenizer.decode(tokens[count - 1 : count]))
            place = end
        return tuple(pieces)

    @torch.inference_mode()
    def _agrees(self) -> bool:
        """True if logits of a short text are those of the model's own attention."""
        tokens: list[int] = self._tokenizer("PersonX walks home. PersonX wanted to sleep")["input_ids"]
        cut = len(tokens) // 2
        try:
            prefix: Prefix | None = prefix_of(self._model, tokens[:cut])
            ours = State.of(self._model, [tokens[cut:]], len(tokens) - cut, prefix, cut).logits[0]
        except (TypeError, AttributeError, RuntimeError, IndexError):
            return False
        self._model.set_attn_implementation("eager")
        theirs = self._model(input_ids=torch.tensor([tokens], device=self._model.device)).logits[0, -1].float()
        self._model.set_attn_implementation(prefix_attention.NAME)
        difference = torch.log_softmax(ours, -1).exp() - torch.log_softmax(theirs, -1).exp()
        return float(difference.abs().sum()) < _TOLERANCE


def _within(
    rows: int, members: list[tuple[int, list[int]]], jobs: Sequence[SampleJob]
) -> Iterator[list[tuple[int, list[int]]]]:
    """The members in parts of at most `rows` samples. A job is never split."""
    part: list[tuple[int, list[int]]] = []
    count = 0
    for member in members:
        n = jobs[member[0]].n
        if part and count + n > rows:
            yield part
            part, count = [], 0
        part.append(member)
        count += n
    if part:
        yield part


def _penalized(jobs: list[SampleJob], branches: list[_Branch], logits: Tensor) -> Tensor:
    """The logits less the penalties of tokens drawn before, as OpenAI's API defines them."""
    penalized = logits.clone()
    for n, branch in enumerate(branches):
        job = jobs[branch.job]
        if job.presence_penalty or job.frequency_penalty:
            for token, count in Counter(branch.tokens).items():
                penalized[n, token] -= job.presence_penalty + job.frequency_penalty * count
    return penalized
