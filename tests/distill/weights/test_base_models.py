"""Base models: texts as tokens, and a folder that holds none."""

from pathlib import Path

import pytest

from distill.weights.base_models import load_base
from schemas.errors import BadInput
from tests.support.tiny_models import make


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llama", tmp_path_factory.mktemp("base") / "llama")


def test_texts_are_encoded_alone_and_without_marks(folder: Path) -> None:
    base = load_base(str(folder))
    texts = ["PersonX waits", "", "PersonX feeds the goose<|end|>"]
    encoded = base.encode(texts)
    assert [base.tokenizer.decode(ids) for ids in encoded] == texts
    assert [base.encode([text])[0] for text in texts] == encoded
    assert [base.end in ids for ids in encoded] == [False, False, True]
    assert base.encode([]) == []


def test_half_the_weights_are_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(BadInput, match=r"^base: "):
        load_base(str(folder))
    weights.unlink()
    with pytest.raises(BadInput, match=r"^base: "):
        load_base(str(folder))
