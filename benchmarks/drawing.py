"""Tails drawn by one library alone, in a process of its own: python -m benchmarks.drawing HOW QUESTIONS; prints JSON.

transformers  `generate` of prompts side by side; of one prompt at a time, as notebooks do, with --batch 1
torch         our TorchEngine
vllm          vLLM, if it is installed

All draw 10 tails a question as the preset `paper` says, from the same merged weights, and stop at the same tokens.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

from distill.engines.decoding import PRESETS
from distill.engines.stop_tokens import stop_tokens
from distill.student.files import BUNDLED, StudentFiles, find, merged_weights
from schemas.relations import Relation

PAPER = PRESETS["paper"]
_WARM_UP = 2

Draw = Callable[[Sequence[str]], int]
"""Draws tails of each prompt; returns how many sequences that were."""


def transformers(files: StudentFiles, folder: Path, device: str, dtype: str) -> Draw:
    """Transformers' own sampling."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).to(device).eval()
    ends = stop_tokens(tokenizer.get_vocab(), tokenizer.eos_token_id, files.form.stops, files.form.end)

    def draw(prompts: Sequence[str]) -> int:
        inputs = tokenizer(list(prompts), return_tensors="pt", padding=True, add_special_tokens=False).to(device)
        found = model.generate(
            **inputs,
            do_sample=True,
            top_p=PAPER.top_p,
            top_k=0,  # none, as with ours; by itself generate takes the 50 likeliest
            num_return_sequences=PAPER.n,
            max_new_tokens=PAPER.max_new_tokens,
            eos_token_id=ends,
            pad_token_id=ends[0],
        )
        return len(tokenizer.batch_decode(found[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True))

    return draw


def engine(files: StudentFiles, folder: Path, device: str, dtype: str) -> Draw:
    """Our engine, without a service around it."""
    import torch

    from distill.engines.engine import GenerationJob
    from distill.engines.pytorch import TorchEngine

    ours = TorchEngine.load(folder, files.form.stops, files.form.end, device, getattr(torch, dtype))
    seeds = count()

    def draw(prompts: Sequence[str]) -> int:
        return sum(
            len(drafts) for drafts in ours.draft([GenerationJob(prompt, PAPER, next(seeds)) for prompt in prompts])
        )

    return draw


def vllm(files: StudentFiles, folder: Path, device: str, dtype: str) -> Draw:
    """vLLM's offline engine, which has its own scheduler."""
    from transformers import AutoTokenizer
    from vllm import LLM, SamplingParams

    if not device.startswith("cuda"):
        raise SystemExit("vllm is compared on a GPU only")
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model = LLM(model=str(folder), dtype=dtype, max_model_len=1024, max_num_seqs=64 * PAPER.n)
    sampling = SamplingParams(
        n=PAPER.n,
        temperature=PAPER.temperature,
        top_p=PAPER.top_p,
        max_tokens=PAPER.max_new_tokens,
        stop_token_ids=stop_tokens(tokenizer.get_vocab(), tokenizer.eos_token_id, files.form.stops, files.form.end),
    )

    def draw(prompts: Sequence[str]) -> int:
        return sum(len(one.outputs) for one in model.generate(list(prompts), sampling, use_tqdm=False))

    return draw


WAYS: dict[str, Callable[[StudentFiles, Path, str, str], Draw]] = {
    "transformers": transformers,
    "torch": engine,
    "vllm": vllm,
}


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.drawing", description=(__doc__ or "").split("\n")[0])
    options.add_argument("how", choices=sorted(WAYS), metavar="HOW")
    options.add_argument("questions", type=Path, metavar="QUESTIONS", help="JSON: a list of [event, relation]")
    options.add_argument("--cache", type=Path, required=True, metavar="DIR")
    options.add_argument("--device", default="cpu", metavar="NAME")
    options.add_argument("--dtype", default="float32", metavar="NAME")
    options.add_argument("--batch", type=int, default=1, metavar="N", help="questions of a call, default 1")
    options.add_argument("--seconds", type=float, default=20, metavar="N", help="default 20")
    said = options.parse_args()
    files = find(BUNDLED, None, said.cache)
    folder = merged_weights(files, lambda _what, _done, _total: None)
    draw = WAYS[said.how](files, folder, said.device, said.dtype)
    asked = [files.form.write(event, Relation(relation)) for event, relation in json.loads(said.questions.read_bytes())]
    prompts = cycle(asked)
    for _ in range(_WARM_UP):
        draw(list(islice(prompts, said.batch)))
    calls: list[float] = []
    sequences = 0
    while sum(calls) < said.seconds:
        some = list(islice(prompts, said.batch))
        started = time.perf_counter()
        sequences += draw(some)
        calls.append(time.perf_counter() - started)
    print(json.dumps({"seconds": sum(calls), "calls": calls, "sequences": sequences}))


if __name__ == "__main__":
    main()
