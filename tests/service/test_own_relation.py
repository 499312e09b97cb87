"""SymbolOf, a relation of a file of one's own: from triples and a student to the answers of a service."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from schemas.relations import RELATIONS
from tests.support.server import ROOT, Server, cometgraph
from tests.support.tiny_models import make

OWN = {"COMETGRAPH_RELATIONS": str(ROOT / "tests" / "support" / "relations")}
SYMBOLS = [
    ("plants a tree", "faith in the future"),
    ("crosses a river", "the start of a new life"),
    ("burns old letters", "letting go of the past"),
    ("opens a window", "hope"),
]
TREE, NEW = "PersonX plants a tree", "PersonX breaks a mirror"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of triples, and a student trained on them alone."""
    folder = tmp_path_factory.mktemp("symbols")
    rows = [f"{who} {act}\tSymbolOf\t{idea}\n" for who in ("PersonX", "PersonY", "PersonZ") for act, idea in SYMBOLS]
    (folder / "train.tsv").write_text("".join(rows))
    (folder / "dev.tsv").write_text("PersonX lights a candle\tSymbolOf\thope\n")
    base = make("llama", folder / "base")
    done = cometgraph(
        "distill", "student", "--train", "train.tsv", "--validation", "dev.tsv", "--out", "student", "--base",
        str(base), "--rank", "0", "--epochs", "8", "--learning-rate", "0.01", env=OWN, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = cometgraph("load", "train.tsv", "--origin", "poems", "--store", "store", env=OWN, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Server]:
    settings = {"store": folder / "store", "student": folder / "student" / "model", "cache": folder / "cache"}
    flags = [word for name, path in settings.items() for word in (f"--{name}", str(path))]
    server = Server(*flags, "--device", "cpu", "--generate", env=OWN)
    server.wait_until_ready()
    yield server
    server.stop()


def test_the_graph_answers(service: Server) -> None:
    answer = httpx2.get(f"{service.url}/infer", params={"event": TREE, "relation": "SymbolOf"}).json()
    [inference] = answer["inferences"]
    assert (inference["tail"], inference["source"], inference["origins"]) == (SYMBOLS[0][1], "graph", ["poems"])


def test_the_student_answers_live_and_its_answer_is_kept(service: Server) -> None:
    question = {"event": NEW, "relation": "SymbolOf", "explain": "true"}
    answer = httpx2.get(f"{service.url}/infer", params=question, timeout=60).json()
    assert {(i["relation"], i["source"]) for i in answer["inferences"]} == {("SymbolOf", "generated")}
    assert answer["prompts"] == {"SymbolOf": f"{NEW}\nsymbol of:"}
    again = httpx2.get(f"{service.url}/infer", params=question, timeout=60).json()
    assert again["stored"] is (answer["degraded"] == [])  # a tail that was cut off is not kept
    assert httpx2.get(f"{service.url}/info").json()["student"]["relations"] == ["SymbolOf"]


def test_the_student_refuses_what_it_has_not_learnt(service: Server) -> None:
    question = {"event": NEW, "relation": "xIntent", "mode": "generate"}
    response = httpx2.get(f"{service.url}/infer", params=question)
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert (error["field"], error["value"]) == ("relation", "xIntent")
    assert error["allowed"] == "one that the student model has learnt: SymbolOf"


def test_the_service_names_the_relation(service: Server) -> None:
    listed = httpx2.get(f"{service.url}/relations").json()
    assert listed[-1] == {"name": "SymbolOf", "phrase": "is a symbol of", "group": "event", "whose": "thing"}
    schema = httpx2.get(f"{service.url}/openapi.json").json()["components"]["schemas"]
    assert schema["Relation"]["enum"] == [*RELATIONS, "SymbolOf"]
    assert schema["RelationSummary"]["required"] == ["name", "phrase", "group", "whose"]
    refused = httpx2.get(f"{service.url}/infer", params={"event": TREE, "relation": "symbolof"}).json()
    assert "HasProperty, MadeUpOf, SymbolOf" in json.dumps(refused)
