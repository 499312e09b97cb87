"""Natural sentences as canonical events."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graph.normalization import read_event
from graph.normalization.plausibility import check_plausible
from schemas.errors import BadInput
from schemas.events import MAX_EVENT, canonical
from tests.support.server import ROOT

SENTENCES = Path(__file__).parent / "natural_sentences.tsv"
REPORTED = Path(__file__).parent / "reported_sentences.tsv"
AS_THEY_ARE = [
    "PersonX buys a car",
    "PersonX's boss yells at PersonX",
    "PersonX doesn't know what PersonY wants",
    "PersonX told me that it rained",
    "PersonX is going to win, right?",
    "bread",
    "a knife",
    "the dog barks",
    "eat breakfast in bed",
    "office will",
    "battery powered lamp",
    "hurt yourself",
    "somebody",
    "people",
    "mine",
    "saw",
    "it rains",
    "everyone laughs",
    "two year old house",
    "teacher's desk",
    "have a good time",
    "get ready to go out",
]


def sentences(path: Path = SENTENCES) -> dict[str, list[tuple[str, list[str], dict[str, str]]]]:
    """By phenomenon: a text, the events of its clauses, and who is who in the first. `~` marks what is read wrongly."""
    kinds: dict[str, list[tuple[str, list[str], dict[str, str]]]] = defaultdict(list)
    for line in path.read_text().splitlines():
        kind, text, events, roles = line.split("\t")
        whole = dict(pair.split("=") for pair in roles.split("; ") if pair)
        clauses = events.split(" | ")
        kinds[kind].append((text, clauses, {who: words for who, words in whole.items() if who in clauses[0]}))
    return kinds


@pytest.mark.parametrize(
    ("path", "kind"), [(path, kind) for path in (SENTENCES, REPORTED) for kind in sorted(sentences(path))]
)
def test_sentences_are_read_as_a_person_would(path: Path, kind: str) -> None:
    wrong: list[str] = []
    for text, clauses, roles in sentences(path)[kind]:
        reading = read_event(text.removeprefix("~"))
        if ((list(reading.clauses), reading.roles) == (clauses, roles)) is text.startswith("~"):
            wrong.append(f"{text}: {reading.clauses} {reading.roles}, not {clauses} {roles}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    ["Estoy cansado de mi jefe", "J'ai perdu mon chat", "Jag har sålt min bil", "What is the capital of France?"],
)
def test_what_tells_no_english_event_stays_as_it_is_typed(text: str) -> None:
    reading = read_event(text)
    assert (reading.event, reading.roles) == (text, {})
    with pytest.raises(BadInput, match=re.escape(text)):
        check_plausible(reading.event)


def test_a_list_mark_and_brackets_around_placeholders_are_no_words() -> None:
    assert read_event("- buy milk").event == "buy milk"
    assert read_event("[PersonX] buys a [car]").event == "PersonX buys a car"


@pytest.mark.parametrize("event", AS_THEY_ARE)
def test_an_event_passes_unchanged(event: str) -> None:
    reading = read_event(event)
    assert (reading.event, reading.roles, reading.clauses, reading.clause) == (
        canonical(event),
        {},
        (canonical(event),),
        0,
    )
    assert reading.as_is


def test_an_event_loads_nothing() -> None:
    program = (
        "import sys; from graph.normalization import read_event\n"
        f"for event in {AS_THEY_ARE!r}: assert read_event(event).as_is, event\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'spacy', 'lemminflect', 'names', 'numpy'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_main_clause_is_answered_and_others_can_be_chosen() -> None:
    text = "I missed the bus and my boss yelled at me"
    events = ("PersonX misses the bus", "PersonX's boss yells at PersonX")
    assert [read_event(text).event, read_event(text, 0).event, read_event(text, 1).event] == [events[0], *events]
    assert read_event(text, 1).clause == 1
    assert read_event(text, 1).clauses == events


def test_a_clause_tells_only_who_is_in_it() -> None:
    text = "Tom broke the vase and Anna cleaned the floor"
    assert read_event(text, 0).roles == {"PersonX": "Tom"}
    assert read_event(text, 1).roles == {"PersonY": "Anna"}


@pytest.mark.parametrize(
    ("text", "clause"), [("I slept", 1), ("I slept", -1), ("I ate and she left", 2), ("a knife", 7)]
)
def test_a_clause_that_is_not_there_is_refused(text: str, clause: int) -> None:
    with pytest.raises(BadInput) as caught:
        read_event(text, clause)
    [error] = caught.value.errors
    assert (error.field, error.value) == ("clause", clause)
    assert "0" in error.allowed


def test_more_persons_than_placeholders_keep_their_names() -> None:
    reading = read_event("Anna told Tom that Kevin met Laura")
    assert reading.event == "PersonX tells PersonY that PersonZ meets Laura"
    assert reading.roles == {"PersonX": "Anna", "PersonY": "Tom", "PersonZ": "Kevin"}


# --- properties ---

WORDS = sorted(
    {word for rows in sentences().values() for text, _, _ in rows for word in text.split()}
    | {"PersonX", "PersonY's", "'s", "?", ",", ".", "so", "herself", "going", "to", "by", "😀", "n't", "'", "(", "…"}
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=MAX_EVENT)
chatter = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join)
told = st.sampled_from([text.removeprefix("~") for rows in sentences().values() for text, _, _ in rows])


@settings(deadline=None, max_examples=150)
@given(st.one_of(texts, chatter, told))
@example("'s 's")
@example("I I I")
@example("?!")
@example("i")
def test_an_answer_is_answered_unchanged_and_names_only_who_is_in_it(text: str) -> None:
    reading = read_event(text)
    for clause in reading.clauses:
        assert read_event(clause).event == clause
    assert reading.event == reading.clauses[reading.clause] == canonical(reading.event)
    if reading.as_is:
        assert not reading.roles
    if not reading.as_is:
        assert set(re.findall(r"Person[XYZ]", reading.event)) == reading.roles.keys()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(2, 9999),
    st.sampled_from(["books", "dollars", "pizzas"]),
    st.sampled_from(["bought", "has lost", "will need"]),
)
def test_numbers_stay(number: int, what: str, verb: str) -> None:
    assert f" {number} {what}" in read_event(f"she {verb} {number} {what}").event


@pytest.mark.parametrize("who", ["I", "she", "Tom", "my sister", "the teacher"])
@pytest.mark.parametrize("said", ["don't like", "didn't eat", "won't sell", "never buys", "cannot see", "hasn't found"])
def test_negations_stay(who: str, said: str) -> None:
    assert re.search(r"\b(not|never)\b", read_event(f"{who} {said} the cake at your party").event)


def test_the_page_tells_what_happens() -> None:
    page = (ROOT / "docs" / "normalization.md").read_text()
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| `(\{.*\})` \|$", page, re.MULTILINE)
    assert len(rows) > 15
    for text, events, roles in rows:
        reading = read_event(text)
        assert " / ".join(reading.clauses) == events, text
        assert reading.roles == json.loads(roles), text
