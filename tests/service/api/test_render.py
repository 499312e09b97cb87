"""Sentences in answers and on the command line."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.server import cometgraph

CAR = "PersonX buys a car"


def infer(client: TestClient, **params: Any) -> dict[str, Any]:
    response = client.get("/infer", params={"mode": "graph", "limit": 1} | params)
    assert response.status_code == 200, response.text
    return response.json()


def test_each_inference_has_a_sentence_in_the_wanted_person(client: TestClient) -> None:
    [third] = infer(client, event=CAR, relation="xReact", render="third", as_is=True)["inferences"]
    [first] = infer(client, event=CAR, relation="xReact", render="first", as_is=True)["inferences"]
    assert third["sentence"] == f"{CAR}. As a result, PersonX feels {third['tail']}."
    assert first["sentence"] == f"I buy a car. As a result, I feel {first['tail']}."


def test_a_relation_that_does_not_apply_has_a_sentence(client: TestClient) -> None:
    answer = infer(client, event="PersonX misses the last bus home", relation="xIntent", render="first", as_is=True)
    assert answer["not_applicable_sentences"] == {"xIntent": "I miss the last bus home. I did not intend this."}


def test_without_render_there_are_no_sentences(client: TestClient) -> None:
    answer = infer(client, event=CAR, as_is=True)
    assert {one["sentence"] for one in answer["inferences"]} == {None}
    assert answer["not_applicable_sentences"] is None


def test_a_batch_renders_too(client: TestClient) -> None:
    question = {"event": CAR, "relation": "xReact", "limit": 1, "mode": "graph", "render": "first", "as_is": True}
    [answer] = client.post("/infer/batch", json={"questions": [question]}).json()["answers"]
    assert answer["inferences"][0]["sentence"].startswith("I buy a car. As a result, I feel ")


def test_another_person_is_refused(client: TestClient) -> None:
    response = client.get("/infer", params={"event": CAR, "render": "second"})
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert (error["field"], error["value"]) == ("render", "second")


@pytest.fixture
def triples(tmp_path: Path) -> Path:
    path = tmp_path / "triples.tsv"
    path.write_text("PersonX sneezes\txReact\tcold\nPersonX sneezes\txIntent\tnone\nPersonX sneezes\txWish\tto stop\n")
    return path


def test_a_file_is_printed_as_sentences(triples: Path) -> None:
    done = cometgraph("render", str(triples), "--role", "PersonX=Lee (he)")
    assert done.stdout == "Lee sneezes. As a result, he feels cold.\nLee sneezes. He did not intend this.\n"
    assert done.returncode == 0
    assert done.stderr.startswith("cometgraph: rows rejected: 1, the first is line 3: relation: 'xWish' is not ")


@pytest.mark.parametrize("flags", [("--person", "second"), ("--role", "Maria"), ("--role", "PersonQ=Maria")])
def test_bad_options_are_one_line(triples: Path, flags: tuple[str, str]) -> None:
    done = cometgraph("render", str(triples), *flags)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert cometgraph("render", str(tmp_path / "none.tsv")).returncode == 2
