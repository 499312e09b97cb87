"""Critics from labels to probabilities: on an encoder, on causal models, by CTranslate2 and by torch."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from distill.critic import BUNDLED, POPULATIONS
from distill.critic.critic import Critic, open_critic
from distill.critic.labels import Example, apart, read_labels
from distill.critic.metrics import auc
from distill.critic.recipe import Recipe
from distill.critic.report import describe
from distill.critic.train import train
from schemas.errors import BadFile, BadInput
from schemas.progress import silent
from schemas.relations import Relation
from tests.support import tiny_models
from tests.support.critic_labels import sample_rows, write_labels
from tests.support.server import cometgraph

TRIPLES = [
    ("PersonX buys a car", Relation.xWant, "to drive home"),
    ("PersonX buys a car", Relation.xWant, "to drive"),
    ("PersonX buys a car", Relation.xReact, "proud"),
    ("PersonX helps PersonY move", Relation.oReact, "grateful to PersonX"),
    ("PersonX buys a car", Relation.xWant, "to show it to a friend"),
]


@pytest.fixture(scope="module")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.make_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of both populations that are easy to learn: an invalid tail is odd in each."""
    rows = [
        row | {"tail": f"{row['tail']} of marble" if row["label"] == "invalid" else row["tail"]}
        for population in POPULATIONS
        for row in sample_rows(10, population)
    ]
    return write_labels(tmp_path_factory.mktemp("labels") / "labels.tsv", rows)


@pytest.fixture(scope="module")
def parts(labels: Path) -> tuple[list[Example], list[Example], list[Example]]:
    return apart(read_labels(labels))


def trained(folder: Path, base: str, parts: tuple[list[Example], list[Example], list[Example]]) -> Path:
    training, dev, test = parts
    recipe = Recipe(base=base, rank=4, learning_rate=0.01, epochs=1, batch=16)
    train(training, dev, folder, recipe, "cpu", silent)
    describe(folder / "critic", training, dev, test, "cpu", silent)
    return folder / "critic"


def same_alone_and_in_a_batch(critic: Critic) -> None:
    together = critic.p_valid(TRIPLES)
    assert together.shape == (len(TRIPLES),)
    assert ((together >= 0) & (together <= 1)).all()
    assert np.concatenate([critic.p_valid([triple]) for triple in TRIPLES]).tolist() == together.tolist()
    assert critic.p_valid(TRIPLES[::-1]).tolist() == together[::-1].tolist()


def test_an_encoder_learns_and_reads(
    tmp_path: Path, labels: Path, small_base: Path, parts: tuple[list[Example], list[Example], list[Example]]
) -> None:
    command = ["distill", "critic", "--labels", str(labels), "--base", str(small_base), "--rank", "4", "--epochs", "3"]
    command += ["--batch", "16", "--learning-rate", "0.01", "--weight", "student=2", "--out", str(tmp_path / "run")]
    process = cometgraph(*command)
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("self-test at recall 0.8") == len(POPULATIONS)
    folder = tmp_path / "run" / "critic"
    about = json.loads((folder / "critic.json").read_text())
    assert about["data"]["student:small"]["weight"] == 2
    reported = about["test"]["student:small"]["auc"][0]
    assert reported > 0.9
    card = (folder / "README.md").read_text()
    assert "student:small" in card
    assert "Self-test" in card
    critic = open_critic(str(folder), tmp_path / "cache", 2, silent)
    try:
        same_alone_and_in_a_batch(critic)
        assert list(critic.cutoffs("student")) == ["0.5", "0.6", "0.7", "0.8", "0.9"]
        rows = [e for e in parts[2] if e.population == "student"]
        read = critic.p_valid([(e.head, e.relation, e.tail) for e in rows])
        assert abs(auc(np.array([e.p == 1 for e in rows]), read) - reported) < 0.05  # int8 beside float32
        with pytest.raises(ValueError, match="none"):
            critic.p_valid([("PersonX sings", Relation.oReact, "none")])
    finally:
        critic.close()


def test_a_stopped_run_ends_as_an_undisturbed_one(
    tmp_path: Path, small_base: Path, parts: tuple[list[Example], list[Example], list[Example]]
) -> None:
    training, dev, _ = parts
    recipe = Recipe(base=str(small_base), rank=4, epochs=1, batch=8)
    train(training, dev, tmp_path / "calm", recipe, "cpu", silent)

    def stop(what: str, done: int, total: int) -> None:
        if what == "training" and done == total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(training, dev, tmp_path / "stopped", recipe, "cpu", stop)
    train(training, dev, tmp_path / "stopped", recipe, "cpu", silent)
    for name in ("critic.json", "adapter_model.safetensors", "head.safetensors"):
        assert (tmp_path / "stopped" / "critic" / name).read_bytes() == (
            tmp_path / "calm" / "critic" / name
        ).read_bytes()
    with pytest.raises(BadInput, match="out"):
        train(training, dev, tmp_path / "stopped", replace(recipe, seed=1), "cpu", silent)


@pytest.mark.parametrize("kind", ["llama", "olmo"])  # CTranslate2 has no OLMo: torch reads it
def test_a_causal_model_reads(
    tmp_path: Path, kind: str, parts: tuple[list[Example], list[Example], list[Example]]
) -> None:
    base = tiny_models.make(kind, tmp_path / "base")
    folder = trained(tmp_path / "run", str(base), parts)
    assert json.loads((folder / "critic.json").read_text())["kind"] == "causal"
    said: list[str] = []
    critic = open_critic(str(folder), tmp_path / "cache", 1, lambda what, *_: said.append(what))
    try:
        same_alone_and_in_a_batch(critic)
        assert any("torch takes the place" in what for what in said) == (kind == "olmo")
    finally:
        critic.close()


def test_one_label_alone_is_refused(
    tmp_path: Path, small_base: Path, parts: tuple[list[Example], list[Example], list[Example]]
) -> None:
    training, dev, _ = parts
    with pytest.raises(BadInput, match="labels"):
        train([e for e in training if e.p == 1], dev, tmp_path, Recipe(base=str(small_base)), "cpu", silent)


def test_a_folder_without_a_critic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"critic\.json"):
        open_critic(str(tmp_path), tmp_path / "cache", 1, silent)
    (tmp_path / "critic.json").write_text(json.dumps({"kind": "encoder", "recipe": {"base": "minilm"}}))
    with pytest.raises(BadFile, match=r"critic\.json"):
        open_critic(str(tmp_path), tmp_path / "cache", 1, silent)


def test_the_bundled_critic(tmp_path: Path) -> None:
    critic = open_critic(BUNDLED, tmp_path, 2, silent)
    try:
        assert critic.name == BUNDLED
        same_alone_and_in_a_batch(critic)
        for population in POPULATIONS:
            assert critic.cutoffs(population)["0.5"] > critic.cutoffs(population)["0.9"]
    finally:
        critic.close()


def test_a_weight_without_a_value_is_refused(tmp_path: Path, labels: Path) -> None:
    refused = cometgraph("distill", "critic", "--labels", str(labels), "--weight", "student", "--out", str(tmp_path))
    assert refused.returncode == 2
    assert "weight" in refused.stderr
    assert not list(tmp_path.iterdir())
