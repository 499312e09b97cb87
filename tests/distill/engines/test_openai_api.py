"""A student behind an OpenAI-compatible server: the same tails as here, and a clear problem for whatever it does."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import torch

from distill.engines.decoding import decoding_of
from distill.engines.openai_api import OpenAiEngine
from distill.engines.pytorch import TorchEngine
from distill.student.prompts import FORMS
from distill.student.student import TailRequest
from schemas.relations import Relation
from tests.support.completions_server import BROKEN, app_of, broken_app, served
from tests.support.requests import CAR, DOG, infer, problem
from tests.support.server import Server, wait_until_ready
from tests.support.tiny_models import make, opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llama", tmp_path_factory.mktemp("checkpoint") / "tiny")


@pytest.fixture(scope="module")
def engine(folder: Path) -> TorchEngine:
    return TorchEngine.load(folder, FORMS["plain"].stops, FORMS["plain"].end, "cpu", torch.float32)


@pytest.fixture(scope="module")
def url(engine: TorchEngine) -> Iterator[str]:
    with served(app_of(engine)) as url:
        yield url


@pytest.mark.parametrize("name", ["paper", "greedy"])
def test_the_fleet_writes_what_this_machine_would(url: str, folder: Path, tmp_path: Path, name: str) -> None:
    decoding = decoding_of(name, max_new_tokens=12)
    asks = [TailRequest(event, Relation.xReact, decoding, seed) for seed, event in enumerate([CAR, DOG, "bread"])]
    near = opened(folder, tmp_path / "near", prompt_form="plain")
    far = opened(folder, tmp_path / "far", prompt_form="plain", url=url, url_model="tiny")
    assert {p.engine for p in far.card.placements.values()} == {"openai"}
    for one, other in zip(far.write(asks), near.write(asks), strict=True):
        assert [t.text for t in one.tails] == [t.text for t in other.tails]  # type: ignore[union-attr]
        assert [t.log_prob for t in one.tails] == pytest.approx(  # type: ignore[union-attr]
            [t.log_prob for t in other.tails],  # type: ignore[union-attr]
            abs=1e-3,
        )
    near.close()
    far.close()


def test_scores_come_from_the_prompt_s_echo(url: str, engine: TorchEngine) -> None:
    remote = OpenAiEngine(url, "tiny", "", FORMS["plain"].stops, 10.0)
    pair = ("PersonX waits\nfeels:", " bored")
    ours = [(t.token, t.log_prob) for t in engine.score([pair])[0]]
    theirs = [(t.token, t.log_prob) for t in remote.score([pair])[0]]
    assert [token for token, _ in theirs] == [token for token, _ in ours]
    assert [p for _, p in theirs] == pytest.approx([p for _, p in ours], abs=1e-4)
    remote.close()


@pytest.mark.parametrize("how", [*BROKEN, "slow", "closed"])
def test_a_server_that_does_not_do_its_work_is_a_clear_problem(how: str, tmp_path: Path, folder: Path) -> None:
    """Never a hang, never an empty 200; what the graph knows is answered all the same, and says what it lacks."""
    with served(broken_app("nothing" if how == "closed" else how)) as url:
        at = "http://127.0.0.1:9/v1" if how == "closed" else url
        flags = ["--engine-url", at, "--student", str(folder), "--prompt-form", "plain", "--generate-seconds", "2"]
        env = {"COMETGRAPH_GENERATE": "true", "COMETGRAPH_CACHE": str(tmp_path / "models")}
        server = Server("--store", str(tmp_path / "store"), *flags, env=env)
        with httpx2.Client(base_url=server.url, timeout=30) as client:
            wait_until_ready(client.get)
            started = time.monotonic()
            response = client.get("/infer", params={"event": DOG, "relation": "xReact", "decoding": "paper"})
            assert time.monotonic() - started < 15
            body = problem(response, 422 if how == "a refusal" else 503)
            assert at in body["detail"] or how in ("slow", "noise")
            partly = infer(client, CAR, "xIntent", "ObjectUse", decoding="paper")
            assert partly["inferences"]
            assert "ObjectUse" in partly["degraded"][0]
        assert server.stop() == 0
