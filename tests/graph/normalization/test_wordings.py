"""Sentences that tell of one event: tense, voice, question, names and formatting lead to the same words."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from graph.normalization import NormalizedEvent, read_event

VERBS = [
    "paint paints painted painted painting the fence",
    "sell sells sold sold selling the car",
    "write writes wrote written writing a letter",
    "break breaks broke broken breaking the window",
    "feed feeds fed fed feeding the cat",
    "forget forgets forgot forgotten forgetting the tickets",
    "steal steals stole stolen stealing a bike",
    "carry carries carried carried carrying the bags",
]
TOLD = [
    "{who} {does} {what}",
    "{who} {did} {what}",
    "{who} has {done} {what}",
    "{who} had {done} {what}",
    "{who} is {doing} {what}",
    "{who} was {doing} {what}",
    "{who} has been {doing} {what}",
    "{who} will {do} {what}",
    "{who} is going to {do} {what}",
    "{who}'s gonna {do} {what}",
    "{what} was {done} by {who}",
    "{what} has been {done} by {who}",
    "did {who} {do} {what}?",
]
DENIED = [
    "{who} did not {do} {what}",
    "{who} doesn't {do} {what}",
    "{who} has not {done} {what}",
    "{who} isn't {doing} {what}",
    "{who} wasn't {doing} {what}",
    "{who} won't {do} {what}",
    "{who} didnt {do} {what}",
]
PERSONS = {"Anna": "PersonX", "Mr. Patel": "PersonX", "my sister": "PersonX's sister", "the nurse": "the nurse"}
COUPLES = [("Tom", "Anna"), ("Kevin", "Laura"), ("Paul", "Emily"), ("Michael", "Susan"), ("Cornelius", "Winifred")]
OF_TWO = [
    "{he} told {she} that he loves her",
    "{she} lent {he} her car",
    "{he} was fired by {she}",
    "{he} and {she} opened a bakery",
    "{she}'s dog bit {he}",
    "after losing his job, {he} called {she}",
    "did {he} invite {she}?",
]
ALIKE = [
    ("What should I do if my dog bites me?", "my dog bites me"),
    ("Why I quit my job", "I quit my job"),
    ("[Update] I quit my job", "I quit my job"),
    ("omg i quit my job lol", "I quit my job"),
    ("**I quit** [my job](https://example.org)", "I quit my job"),
    ("I QUIT MY JOB", "I quit my job"),
    ('"Go home," said Tom', 'Tom said "go home"'),
    ("I've gotta go home", "I have to go home"),
    ("i aint got time for that", "I don't have time for that"),
    ("i shud of gone home", "I should have gone home"),
    ("It was the car that Tom sold", "Tom sold the car"),
    ("Yesterday I lost my keys", "I lost my keys yesterday"),
    ("quit my job", "I quit my job"),
]


def _unlike(templates: list[str], verb: str, wanted: str) -> list[str]:
    do, does, did, done, doing, what = verb.split(" ", 5)
    wrong: list[str] = []
    for who, person in PERSONS.items():
        event = wanted.format(who=person, do=do, does=does, what=what)
        for template in templates:
            text = template.format(who=who, do=do, does=does, did=did, done=done, doing=doing, what=what)
            if (read := read_event(text)).event != event:
                wrong.append(f"{text}: {read.event}, not {event}")
    return wrong


@pytest.mark.parametrize("verb", VERBS)
def test_all_tenses_and_voices_are_one_event(verb: str) -> None:
    assert _unlike(TOLD, verb, "{who} {does} {what}") == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_negation_stays_in_all_tenses(verb: str) -> None:
    assert _unlike(DENIED, verb, "{who} does not {do} {what}") == []


@pytest.mark.parametrize("template", OF_TWO)
def test_other_names_are_the_same_event(template: str) -> None:
    def read(he: str, she: str) -> tuple[str, dict[str, str]]:
        reading = read_event(template.format(he=he, she=she))
        return reading.event, {person: {he: "he", she: "she"}[name] for person, name in reading.roles.items()}

    readings = [read(*couple) for couple in COUPLES]
    assert readings == [readings[0]] * len(COUPLES)
    assert set(readings[0][1]) == {"PersonX", "PersonY"}


@pytest.mark.parametrize(("typed", "plain"), ALIKE)
def test_two_wordings_are_one_event(typed: str, plain: str) -> None:
    one, other = read_event(typed), read_event(plain)
    assert (one.event, one.roles) == (other.event, other.roles)


def test_sentences_read_at_the_same_time_do_not_mix() -> None:
    texts = [template.format(he=he, she=she) for template in OF_TWO for he, she in COUPLES]
    alone: list[NormalizedEvent] = [read_event(text) for text in texts]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read_event, texts)) == alone
