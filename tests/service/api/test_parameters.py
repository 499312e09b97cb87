"""The question of a query string, beside urllib, and its privacy."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.errors import BadInput
from schemas.infer import Question
from schemas.relations import Relation
from service.answering.privacy import has_private_keep
from service.answering.questions import checked
from service.api.parameters import question_of

WORDS = st.text(max_size=10)
QUESTIONS = st.fixed_dictionaries(
    {"event": WORDS.map(lambda text: f"PersonX {text}")},
    optional={
        "as_is": st.booleans(),
        "relation": st.lists(st.sampled_from([relation.value for relation in Relation]), min_size=1, max_size=4),
        "limit": st.integers(1, 1000),
        "mode": st.sampled_from(["auto", "graph", "near_duplicate"]),
        "min_p_valid": st.floats(0, 1),
        "origin": st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=3),
        "seed": st.integers(0, 2**32 - 1),
        "keep": st.booleans(),
    },
)
PIECES = [b"event=PersonX", b"&", b"&", b"=", b"limit=2", b"relation=xWant", b"origin", b"as_is=1", b";", b"#", b"?"]
CODED = [b"%", b"%6", b"6b", b"+", b"%C3%A9", b"\xe9", b"%FF"]


@given(QUESTIONS, st.sampled_from([quote, quote_plus]))
def test_an_encoded_question_is_read_back(fields: dict[str, Any], quote_via: Callable[..., str]) -> None:
    query = urlencode(fields, doseq=True, quote_via=quote_via)
    assert question_of(query.encode()) == checked(fields)


@given(st.lists(st.sampled_from(PIECES + CODED)).map(b"".join).map(lambda rest: b"event=PersonX" + rest))
@example(b"event=PersonX&relation=xWant&relation=xNeed&relation=xWant")
@example(b"event=PersonX&&as_is=1&")
@example(b"event=PersonX&limit=2&limit=2")
def test_any_query_is_read_as_urllib_reads_it(query: bytes) -> None:
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        values.setdefault(name, []).append(value)
    lists = {name: values.pop(name) for name in ("relation", "origin") if name in values}
    fields = lists | {name: value for name, [value, *_] in values.items()}
    is_repeated = any(len(value) > 1 for value in values.values())
    assert _question(lambda: question_of(query)) == (None if is_repeated else _question(lambda: checked(fields)))


def _question(read: Callable[[], Question]) -> Question | None:
    """The question, None for a refusal."""
    try:
        return read()
    except BadInput:
        return None


KEEP = {"false": False, "0": False, "no": False, "OFF": False, "true": True, "1": True, "Yes": True, "maybe": None}


@given(st.sampled_from([*KEEP]), st.lists(st.booleans(), min_size=12, max_size=12))
def test_the_log_takes_a_question_as_private_unless_it_plainly_asks_to_be_kept(text: str, coded: list[bool]) -> None:
    query = "".join(
        f"%{ord(letter):02X}" if is_coded and letter != "=" else letter
        for letter, is_coded in zip(f"keep={text}", coded, strict=False)
    ).encode()
    question = _question(lambda: question_of(b"event=PersonX&" + query))
    assert (None if question is None else question.keep) is KEEP[text]
    assert has_private_keep(query) is (KEEP[text] is not True)
