"""The classes of errors and their texts."""

import re
from collections.abc import Callable

import pytest

from distill.engines.decoding import decoding_of
from schemas import errors
from schemas.errors import BadInput, CometgraphError, EventNotFound, UnknownHost
from service.answering.questions import checked
from service.api.parameters import question_of
from service.settings import load_settings

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CometgraphError)]


def test_the_tree_in_the_docstring_is_that_of_the_classes() -> None:
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").partition("\n\n")[2].splitlines():
        match = re.match(r"([│├└─ ]*)(\w+)", line)
        assert match is not None
        path[len(match[1]) // 4 :] = [match[2]]
        parents[match[2]] = path[-2] if len(path) > 1 else "Exception"
    assert parents == {kind.__name__: kind.__base__.__name__ for kind in KINDS if kind.__base__ is not None}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (BadInput.of("limit", 0, "at least 1"), "limit: '0' is not at least 1"),
        (BadInput.of("limit", None, "required"), "limit: required"),
        (EventNotFound("PersonX naps"), "the graph does not know the event 'PersonX naps'"),
        (UnknownHost(""), "an empty or missing Host is none of this service's names"),
        (BadInput.of("event", "x" * 100, "short"), f"event: '{'x' * 77}...' is not short"),
        (BadInput.of("event", "\ud800", "text"), "event: '?' is not text"),
    ],
)
def test_the_text_of_an_error(error: CometgraphError, text: str) -> None:
    assert str(error).startswith(text)


def test_a_problem_stays_small() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    for value in ("x" * 1000, 10**5000, nested):
        [shown] = BadInput.of("event", value, "short").extra["errors"]
        assert len(shown["value"]) <= 200


@pytest.mark.parametrize(
    ("raises", "sentence"),
    [
        (lambda: decoding_of("beam", top_p=0.5), "top_p: decoding=beam draws nothing at random, so it has no top_p"),
        (lambda: decoding_of("fast", n=2), "n: decoding=fast has one result, not 2"),
        (lambda: checked({"event": "PersonX naps", "mode": "generate", "origin": ["atomic"]}),
         "origin: with mode=generate there is nothing to filter; all inferences come from the student"),
        (lambda: question_of(b"event=a&event=b"), "event: given more than once"),
        (lambda: load_settings({"port": "x"}), "port: 'x' is not a valid integer"),
    ],
)  # fmt: skip
def test_each_error_is_a_sentence(raises: Callable[[], object], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        raises()
    assert str(caught.value) == sentence
    assert [error["message"] for error in caught.value.extra["errors"]] == [sentence]
