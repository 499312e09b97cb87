"""Training a student: the tree, the run that is killed and goes on, and what it leaves behind."""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from distill.student.prefix_tree import MAX_NODES, batches, build_trees, collate
from distill.training import lora
from distill.weights.base_models import load_base
from tests.support.server import COMETGRAPH, ROOT, cometgraph
from tests.support.tiny_models import make

TOKENS = st.lists(st.integers(1, 6), min_size=1, max_size=5)
SEQUENCES = st.lists(st.tuples(TOKENS, st.lists(st.integers(1, 6), max_size=5)), min_size=1, max_size=12)
END = 0
SMALL = ("--rank", "4", "--epochs", "1", "--batch-tokens", "512", "--evaluate-every", "7")


@given(SEQUENCES)
def test_a_tree_says_what_its_sequences_say(sequences: list[tuple[list[int], list[int]]]) -> None:
    """Each sequence is a path of the tree, each target as often as it follows, and a node sees its path alone."""
    said: dict[tuple[int, ...], list[int]] = {}
    for prompt, tail in sequences:
        for place in range(len(tail) + 1):
            said.setdefault((*prompt, *tail[:place]), []).append([*tail, END][place])
    found: dict[tuple[int, ...], list[int]] = {}
    trees = list(build_trees(sequences, END))
    batch = collate(trees)
    for n, tree in enumerate(trees):
        for at, target, times in zip(tree.sources, tree.targets, tree.counts, strict=True):
            seen = np.flatnonzero(batch.attention[n, at])
            path = tuple(batch.tokens[n, seen][np.argsort(batch.positions[n, seen])].tolist())
            assert batch.positions[n, seen].tolist().count(batch.positions[n, at]) == 1
            found.setdefault(path, []).extend([int(target)] * int(times))
    assert {k: sorted(v) for k, v in found.items()} == {k: sorted(v) for k, v in said.items()}


def test_a_long_head_becomes_several_trees() -> None:
    sequences = [([1, 2, 3], [4, n]) for n in range(5, 5 + 2 * MAX_NODES)]
    trees = list(build_trees(sequences, END))
    assert len(trees) > 1
    assert max(map(len, trees)) <= MAX_NODES
    assert sum(int(tree.counts.sum()) for tree in trees) == 3 * len(sequences)


@settings(deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=60), st.integers(100, 500), st.integers(0, 99))
def test_every_tree_is_in_one_batch_and_little_is_padded(lengths: list[int], tokens: int, seed: int) -> None:
    trees = [next(build_trees([(list(range(1, length + 1)), [])], END)) for length in lengths]
    made = batches(trees, tokens, (seed,))
    assert sorted(n for batch in made for n in batch) == list(range(len(trees)))
    assert made == batches(trees, tokens, (seed,))
    for batch in made:
        assert len(batch) == 1 or max(lengths[n] for n in batch) * len(batch) <= tokens


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llama", tmp_path_factory.mktemp("base") / "llama")


def _loss_apart(model: Any, sequences: Sequence[tuple[list[int], list[int]]], end: int) -> float:
    total, count = 0.0, 0
    for prompt, tail in sequences:
        ids = torch.tensor([[*prompt, *tail]])
        logits = model(ids).logits[0, len(prompt) - 1 :]
        targets = torch.tensor([*tail, end])
        total += torch.nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        count += len(targets)
    return total / count


def test_the_loss_of_a_tree_is_that_of_its_sequences(base: Path) -> None:
    from distill.student.train import tree_loss

    loaded = load_base(str(base))
    random = np.random.default_rng(1)
    heads = [[([7, 8, 9, head, r], random.integers(3, 60, 4).tolist()) for r in (20, 21, 21)] for head in range(30, 36)]
    trees = [tree for sequences in heads for tree in build_trees(sequences, loaded.end)]
    with torch.no_grad():
        apart = _loss_apart(loaded.model.eval(), [one for head in heads for one in head], loaded.end)
        assert tree_loss(loaded.model, collate(trees), bf16=False).item() == pytest.approx(apart, rel=1e-4)


@pytest.mark.parametrize("kind", ["llama", "comet-gpt2"])
def test_an_adapter_computes_what_its_merged_weights_do(kind: str, tmp_path: Path) -> None:
    """Linear and GPT-2's Conv1D layers; the gradient is autograd's own."""
    loaded = load_base(str(make(kind, tmp_path / kind)))
    model = loaded.model.eval()
    lora.adapt(model, 4)
    torch.manual_seed(3)
    for _, layer in lora.adapters(model):
        torch.nn.init.normal_(layer.up, std=0.05)
    lora.save(model, tmp_path / "adapter", "x", 4)
    tokens = torch.arange(3, 40)[None]
    plain = load_base(str(tmp_path / kind)).model.eval()
    lora.merge(plain, tmp_path / "adapter")
    with torch.no_grad():
        torch.testing.assert_close(model(tokens).logits, plain(tokens).logits, rtol=2e-2, atol=2e-2)
    _, layer = next(lora.adapters(model))
    x = torch.randn(5, layer.down.shape[1], requires_grad=True)
    weight = layer.linear.weight if kind == "llama" else layer.linear.weight.T
    ours = torch.autograd.grad(layer(x).square().sum(), [x, layer.down, layer.up])
    theirs = x @ weight.T + layer.scale * (x @ layer.down.T) @ layer.up.T
    theirs = theirs if layer.bias is None else theirs + layer.bias
    torch.testing.assert_close(ours, torch.autograd.grad(theirs.square().sum(), [x, layer.down, layer.up]))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of the sample's triples, in a file of ATOMIC's form with a split column."""
    file = tmp_path_factory.mktemp("triples") / "triples.jsonl"
    lines = [json.loads(line) for line in (ROOT / "graph" / "sample.jsonl").read_text().splitlines()[:900]]
    heads = sorted({line["head"] for line in lines})
    for line in lines:
        line["split"] = "dev" if line["head"] in heads[:3] else "test" if line["head"] in heads[3:6] else "train"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def _train(base: Path, sample: Path, out: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return cometgraph(
        "distill", "student", "--train", str(sample), "--out", str(out), "--base", str(base), *SMALL, *flags
    )


@pytest.fixture(scope="module")
def trained(base: Path, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("student") / "out"
    done = _train(base, sample, out)
    assert done.returncode == 0, done.stderr
    return out


def test_what_a_run_leaves(trained: Path) -> None:
    log = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in log if "loss" in line]
    validation = [line["validation_loss"] for line in log if "validation_loss" in line]
    assert [line["step"] for line in log if "loss" in line] == list(range(1, len(losses) + 1))
    assert validation[-1] < validation[0]
    about = json.loads((trained / "adapter" / "student.json").read_text())
    assert about["validation_loss"] == min(validation)
    assert "xIntent" in about["relations"]
    assert "</svg>" in (trained / "loss.svg").read_text()
    config = json.loads((trained / "adapter" / "adapter_config.json").read_text())
    assert (config["peft_type"], config["r"]) == ("LORA", 4)


def test_it_learns(base: Path, sample: Path, tmp_path: Path) -> None:
    done = _train(base, sample, tmp_path / "out", "--rank", "0", "--epochs", "12", "--learning-rate", "0.01")
    assert done.returncode == 0, done.stderr
    log = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in log if "loss" in line]
    assert losses[-1] < 0.7 * losses[0]
    assert (tmp_path / "out" / "model" / "model.safetensors").exists()


def test_killed_and_run_again_it_ends_as_if_it_had_not_been(base: Path, sample: Path, trained: Path) -> None:
    out = trained.with_name("killed")
    arguments = ["--train", str(sample), "--out", str(out), "--base", str(base), *SMALL]
    kills = 0
    while kills < 3:
        process = subprocess.Popen([COMETGRAPH, "distill", "student", *arguments], stderr=subprocess.DEVNULL)
        before = _step(out)
        while process.poll() is None and _step(out) == before:
            time.sleep(0.005)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        if process.returncode == 0:
            break
    assert kills
    done = cometgraph("distill", "student", *arguments)
    assert done.returncode == 0, done.stderr
    ours, theirs = (load_file(at / "adapter" / "adapter_model.safetensors") for at in (out, trained))
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-2, atol=1e-3)
    logs = [[json.loads(line) for line in (at / "log.jsonl").read_text().splitlines()] for at in (out, trained)]
    for one, other in zip(*logs, strict=True):
        assert one["step"] == other["step"]
        assert one.get("loss", 0) == pytest.approx(other.get("loss", 0), abs=2e-3)
        assert one.get("validation_loss", 0) == pytest.approx(other.get("validation_loss", 0), abs=2e-3)


def _step(out: Path) -> int:
    try:
        return len((out / "log.jsonl").read_text().splitlines())
    except OSError:
        return 0


def test_another_recipe_does_not_go_on_where_this_one_was(base: Path, sample: Path, trained: Path) -> None:
    done = _train(base, sample, trained, "--seed", "5")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("cometgraph: out:")


def test_going_on_from_an_adapter(base: Path, sample: Path, trained: Path, tmp_path: Path) -> None:
    done = _train(base, sample, tmp_path / "out", "--start", str(trained / "adapter"))
    assert done.returncode == 0, done.stderr
    first, second = (
        next(json.loads(line)["loss"] for line in (at / "log.jsonl").read_text().splitlines())
        for at in (trained, tmp_path / "out")
    )
    assert second < first


def test_a_full_disk(trained: Path, tmp_path: Path) -> None:
    """Where merged weights cannot be written, one line says so, and nothing half-made is left."""

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    cache = tmp_path / "cache"
    done = cometgraph(
        "models", "--convert", "--student", str(trained / "adapter"), "--cache", str(cache), preexec_fn=small
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "cannot be prepared" in done.stderr
    assert {path.suffix for path in cache.glob("*/*")} == {".lock"}
    done = cometgraph("models", "--convert", "--student", str(trained / "adapter"), "--cache", str(cache))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("flags", "field"),
    [
        (("--rank", "x"), "rank"),
        (("--prompt-form", "letters"), "prompt_form"),
        (("--base", "/nowhere/at/all"), "base"),
        (("--start", "/nowhere/at/all"), "file"),
        (("--epochs", "0"), "epochs"),
        (("--learning-rate", "-1"), "learning_rate"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    base: Path, sample: Path, tmp_path: Path, flags: tuple[str, str], field: str
) -> None:
    done = _train(base, sample, tmp_path / "out", *flags)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert flags[1].strip("-") in done.stderr or field in done.stderr


def test_no_triples_to_train_on(base: Path, tmp_path: Path) -> None:
    file = tmp_path / "test.jsonl"
    line = {"head": "PersonX waits", "relation": "xReact", "tail": "bored", "split": "test", "origins": ["a"]}
    file.write_text(json.dumps(line) + "\n")
    done = _train(base, file, tmp_path / "out")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("cometgraph: train:")


def test_the_student_in_the_box_never_saw_a_validation_or_test_head() -> None:
    """Its card says which rows it was trained on; the command leaves the others out (see split_rows)."""
    from distill.student.splits import split_rows
    from schemas.relations import Relation
    from schemas.triples import Triple

    rows = [
        Triple(f"PersonX waits {n}", Relation.xReact, "bored", split)
        for n, split in enumerate(["train", "dev", "test", None, "val"] * 3)
    ]
    rows.append(Triple("PersonX waits 1", Relation.xWant, "to go", "train"))  # a dev head, once more
    training, validation = split_rows(rows)
    assert {t.split for t in training} == {"train", None}
    assert {t.split for t in validation} == {"dev", "val"}
    assert not {t.head for t in training} & {t.head for t in rows if t.split in ("dev", "val", "test")}
