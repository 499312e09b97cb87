"""Generation by CTranslate2 on a CPU, in int8 or float32: greedy search, beam search and scores.

It does not sample: CTranslate2 has one random seed for the whole process. A batch holds prompts of one length. So a
prompt has the same results alone and in a batch, bit by bit.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2
from tokenizers import Tokenizer

from distill.engines.decoding import Decoding
from distill.engines.engine import Completion, GenerationJob, Placement, ScoredToken, without_cache
from distill.engines.stop_tokens import stop_tokens
from schemas.errors import BadFile, BadInput

MAX_HYPOTHESES = 320
"""Beams of all prompts of a batch."""
MAX_PROMPT = 512
"""Tokens. A longer prompt loses its first ones."""


class Ct2Engine:
    """See distill.engines.engine.Engine."""

    def __init__(self, folder: Path, compute_type: str, threads: int, stops: str, end_token: str | None) -> None:
        """Load a student.

        folder: see distill.student.files.ct2_weights.
        compute_type: int8 or float32.
        threads: CPU threads of a batch.
        stops, end_token: see `stop_tokens`.
        Raises BadFile.
        """
        about = json.loads((folder / "student.json").read_text())
        self._is_seq2seq: bool = about["is_seq2seq"]
        kind = ctranslate2.Translator if self._is_seq2seq else ctranslate2.Generator
        try:
            self._model: Any = kind(str(folder), device="cpu", compute_type=compute_type, intra_threads=threads)
        except (RuntimeError, ValueError) as error:
            raise BadFile(str(folder), f"not readable by CTranslate2 ({error})") from error
        self._tokenizer: Any = without_cache(Tokenizer.from_file(str(folder / "tokenizer.json")))
        ends = stop_tokens(self._tokenizer.get_vocab(), about["eos"], stops, end_token)
        self._ends = [self._tokenizer.id_to_token(number) for number in ends]
        self.placement = Placement("ctranslate2", "cpu", compute_type)

    def draft(self, jobs: Sequence[GenerationJob]) -> list[list[Completion]]:
        results: list[list[Completion]] = [[] for _ in jobs]
        groups: defaultdict[tuple[Decoding, int], list[int]] = defaultdict(list)
        prompts = [self._encoded(job.prompt) for job in jobs]
        for n, job in enumerate(jobs):
            if job.decoding.method == "sample":
                raise BadInput.of("decoding", "sample", "greedy or beam with CTranslate2")
            groups[job.decoding, len(prompts[n])].append(n)
        for (decoding, _), members in groups.items():
            at_once = max(1, MAX_HYPOTHESES // decoding.beams)
            for start in range(0, len(members), at_once):
                part = members[start : start + at_once]
                for n, drafts in zip(part, self._search([prompts[n] for n in part], decoding), strict=True):
                    results[n] = drafts
        return results

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[list[ScoredToken]]:
        prompts = [self._encoded(prompt) for prompt, _ in pairs]
        tails = [[*self._tokenizer.encode(tail, add_special_tokens=False).tokens, self._ends[0]] for _, tail in pairs]
        scored: list[list[ScoredToken]] = []
        for prompt, tail in zip(prompts, tails, strict=True):  # one at a time: the same numbers in any batch
            if self._is_seq2seq:
                [result] = self._model.score_batch([prompt], [tail[:-1]])
                log_probs = result.log_probs[-len(tail) :]
            else:
                [result] = self._model.score_batch([prompt + tail])
                log_probs = result.log_probs[-len(tail) :]
            texts = [self._tokenizer.decode([self._tokenizer.token_to_id(token)], False) for token in tail]
            scored.append([ScoredToken(text, p) for text, p in zip(texts, log_probs, strict=True)])
        return scored

    def close(self) -> None:
        self._model.unload_model()

    def _encoded(self, prompt: str) -> list[str]:
        return self._tokenizer.encode(prompt, add_special_tokens=self._is_seq2seq).tokens[-MAX_PROMPT:]

    def _search(self, prompts: list[list[str]], decoding: Decoding) -> list[list[Completion]]:
        beams = decoding.beams if decoding.method == "beam" else 1
        options: dict[str, Any] = {
            "beam_size": beams,
            "num_hypotheses": decoding.n if decoding.method == "beam" else 1,
            "return_scores": True,
            "length_penalty": 1,
            "end_token": self._ends,
            "return_end_token": True,
            "max_batch_size": 0,
        }
        if self._is_seq2seq:
            results = self._model.translate_batch(prompts, max_decoding_length=decoding.max_new_tokens, **options)
            hypotheses = [result.hypotheses for result in results]
        else:
            results = self._model.generate_batch(
                prompts, max_length=decoding.max_new_tokens, include_prompt_in_result=False, **options
            )
            hypotheses = [result.sequences for result in results]
        return [
            [self._completion(tokens, score) for tokens, score in zip(sequences, result.scores, strict=True)]
            for sequences, result in zip(hypotheses, results, strict=True)
        ]

    def _completion(self, tokens: list[str], score: float) -> Completion:
        """score: the mean log-probability of the tokens, the end token included."""
        finished = bool(tokens) and tokens[-1] in self._ends
        numbers = [self._tokenizer.token_to_id(token) for token in (tokens[:-1] if finished else tokens)]
        return Completion(
            self._tokenizer.decode(numbers, skip_special_tokens=True), score * max(1, len(tokens)), finished
        )
