"""Stems and third persons, beside lemminflect's dictionary."""

import json
from functools import cache

import pytest
from lemminflect import getInflection, getLemma

from distill.judge.inflection import stem, third_person
from distill.judge.voice import active_voice
from graph.sample import SAMPLE

TAGS = ("VB", "VBZ", "VBD", "VBN", "VBG")
MORE = ["free", "agree", "guarantee", "hug", "fire", "bite", "stop", "rob", "blame", "kick", "ignore", "invite"]
# What the rules are known to get wrong.
SEVERAL_STEMS = {"agree", "found", "guarantee", "lie"}
WRONG_THIRD = {"had", "deleted", "quarrelled"}


@cache
def verbs() -> dict[str, tuple[str, ...]]:
    """The forms of the verbs of the sample graph, in the order of TAGS."""
    heads = {json.loads(line)["head"] for line in SAMPLE.read_text().splitlines()}
    seconds = {head.split()[1] for head in heads if head.startswith("PersonX ")}
    lemmas = {getLemma(word, "VERB")[0] for word in seconds if word.endswith("s")} - {"be"}
    return {lemma: tuple(getInflection(lemma, tag)[0] for tag in TAGS) for lemma in sorted(lemmas.union(MORE))}


def test_all_forms_of_a_verb_have_one_stem() -> None:
    assert len(verbs()) > 150
    assert {lemma for lemma, forms in verbs().items() if len(set(map(stem, forms))) > 1} == SEVERAL_STEMS


def test_two_verbs_have_two_stems() -> None:
    stems = [stem(lemma) for lemma in verbs()]
    assert {lemma for lemma in verbs() if stems.count(stem(lemma)) > 1} == {"find", "found"}


def test_the_third_person_is_that_of_the_dictionary() -> None:
    wrong = {done: third_person(done) for _, does, _, done, _ in verbs().values() if third_person(done) != does}
    assert wrong.keys() == WRONG_THIRD


@pytest.mark.parametrize("carrier", ["is", "was", "gets", "has been"])
def test_a_passive_with_its_agent_is_active(carrier: str) -> None:
    for _, does, _, done, _ in verbs().values():
        if done.endswith(("d", "n", "t")) and done not in WRONG_THIRD:
            assert active_voice(f"PersonX {carrier} {done} by PersonY") == f"PersonY {does} PersonX"


@pytest.mark.parametrize(
    ("event", "active"),
    [
        ("PersonX is bitten by a dog", "a dog bites PersonX"),
        ("PersonX's car was towed away by PersonY on Monday", "PersonY tows PersonX's car away on Monday"),
        ("PersonX is kissed by the lake", "PersonX is kissed by the lake"),
        ("PersonX is loved", "PersonX is loved"),
        ("PersonX sits by PersonY", "PersonX sits by PersonY"),
    ],
)
def test_only_a_passive_with_its_agent_is_turned(event: str, active: str) -> None:
    assert active_voice(event) == active
