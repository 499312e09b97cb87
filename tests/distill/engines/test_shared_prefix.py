"""Samples after a shared prefix: the model's own distribution, and the same samples alone and in any batch."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from distill.engines.sample_jobs import Sampled, SampleJob
from distill.engines.shared_prefix import SharedPrefixEngine
from schemas.errors import BadInput
from tests.support.tiny_models import make

EXAMPLES = "Why?\n\n1. PersonX buys a car to drive\n\n2. PersonX sleeps to rest\n\n"
KINDS = ("llama", "comet-gpt2", "olmo")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads of so small a model mostly wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: make(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}


def engine_of(folder: Path) -> SharedPrefixEngine:
    return SharedPrefixEngine.load(str(folder), "cpu", torch.float32)


@pytest.fixture(scope="module")
def engines(folders: dict[str, Path]) -> dict[str, SharedPrefixEngine]:
    return {kind: engine_of(folders[kind]) for kind in KINDS}


def job(number: int, **options: object) -> SampleJob:
    event = ("wins", "reads a long book in the park", "breaks a cup")[number % 3]
    return SampleJob(f"{EXAMPLES}3. PersonX {event}", number, **({"n": 6, "max_tokens": 8} | options))  # type: ignore[arg-type]


def sampled(engine: SharedPrefixEngine, *jobs: SampleJob) -> list[Sampled]:
    results = engine.sample(jobs)
    assert all(isinstance(result, Sampled) for result in results)
    return results  # type: ignore[return-value]


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_has_the_same_samples_in_any_batch(engines: dict[str, SharedPrefixEngine], kind: str) -> None:
    engine = engines[kind]
    jobs = [job(n, top_p=0.5 if n % 2 else 1.0, temperature=0.7) for n in range(12)]
    jobs += [SampleJob("no examples before it", 5, n=3), job(4, n=40, frequency_penalty=1.5)]
    together = sampled(engine, *jobs)
    again = sampled(engine, *reversed(jobs))
    assert together == again[::-1]
    for one, result in zip(jobs[::3], together[::3], strict=True):
        assert sampled(engine, one) == [result]
    assert together[0] != together[3]  # the same prompt, another seed


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_samples_and_log_probabilities_are_those_of_transformers(
    folders: dict[str, Path], engines: dict[str, SharedPrefixEngine], kind: str
) -> None:
    model = AutoModelForCausalLM.from_pretrained(folders[kind], dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folders[kind])
    [result] = sampled(engines[kind], job(1, n=1, temperature=0.0))
    [sample] = result.samples
    ids = tokenizer(f"{EXAMPLES}3. PersonX reads a long book in the park", return_tensors="pt")["input_ids"]
    assert result.prompt_tokens == ids.shape[1]
    theirs = model.generate(ids, max_new_tokens=8, do_sample=False, attention_mask=torch.ones_like(ids))[0]
    assert sample.text == tokenizer.decode(theirs[ids.shape[1] :], skip_special_tokens=True)
    log_probs = torch.log_softmax(model(theirs[None]).logits[0], -1)
    expected = [log_probs[n - 1, theirs[n]].item() for n in range(ids.shape[1], ids.shape[1] + len(sample.tokens))]
    assert sample.log_probs == pytest.approx(expected, abs=1e-4)


def test_samples_have_the_distribution_of_the_model(
    folders: dict[str, Path], engines: dict[str, SharedPrefixEngine]
) -> None:
    model = AutoModelForCausalLM.from_pretrained(folders["llama"], dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folders["llama"])
    prompt = job(1).prompt
    scores = model(tokenizer(prompt, return_tensors="pt")["input_ids"]).logits[0, -1]
    expected = torch.softmax(scores / 0.2, -1)
    [result] = sampled(engines["llama"], job(1, n=2000, max_tokens=1, temperature=0.2))
    counts = Counter(sample.text for sample in result.samples)
    texts = [tokenizer.decode([token]) for token in range(len(expected))]
    for token in expected.topk(12).indices.tolist():
        if token == tokenizer.eos_token_id or texts.count(texts[token]) > 1:  # a part of a character
            continue
        share = expected[token].item()
        error = (share * (1 - share) / 2000) ** 0.5
        assert counts[texts[token]] / 2000 == pytest.approx(share, abs=5 * error)


def test_a_nucleus_holds_the_likeliest_tokens_alone(engines: dict[str, SharedPrefixEngine]) -> None:
    [result] = sampled(engines["llama"], job(1, n=300, max_tokens=1, top_p=1e-6))
    assert len({sample.text for sample in result.samples}) == 1


def test_a_stop_is_cut_off_and_its_tokens_are_counted(engines: dict[str, SharedPrefixEngine]) -> None:
    engine = engines["llama"]
    [free] = sampled(engine, job(1, n=20))
    stop = free.samples[0].text[2:4]
    [stopped] = sampled(engine, job(1, n=20, stop=("never there", stop)))
    for before, after in zip(free.samples, stopped.samples, strict=True):
        assert after.text == before.text.partition(stop)[0]
        if stop in before.text:
            assert after.finish == "stop"
            assert len(after.tokens) == len(after.log_probs) <= after.drawn <= before.drawn
        else:
            assert after == before
    assert all(len(sample.tokens) == len(sample.log_probs) for sample in free.samples)
    assert {sample.drawn for sample in free.samples if sample.finish == "length"} <= {8}


def test_penalties_lower_repetition(engines: dict[str, SharedPrefixEngine]) -> None:
    engine = engines["llama"]
    greedy = {"n": 1, "temperature": 0.0, "max_tokens": 30}
    [free, presence, frequency] = sampled(
        engine, job(1, **greedy), job(1, presence_penalty=2.0, **greedy), job(1, frequency_penalty=2.0, **greedy)
    )
    assert len(set(free.samples[0].tokens)) < len(set(presence.samples[0].tokens))
    assert len(set(free.samples[0].tokens)) < len(set(frequency.samples[0].tokens))


def test_a_prompt_that_is_too_long_leaves_others(engines: dict[str, SharedPrefixEngine]) -> None:
    long = SampleJob("a cat " * 600, 1)
    chat = SampleJob((("user", "why?"),), 1)
    refused, without_template, answered = engines["llama"].sample([long, chat, job(1)])
    assert isinstance(refused, BadInput)
    assert "max_tokens ≤ 512" in refused.errors[0].allowed
    assert isinstance(without_template, BadInput)
    assert "template" in without_template.errors[0].allowed
    assert isinstance(answered, Sampled)


def test_what_is_no_causal_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="model"):
        engine_of(tmp_path)
    with pytest.raises(BadInput, match="model"):
        engine_of(make("comet-bart", tmp_path / "bart"))
