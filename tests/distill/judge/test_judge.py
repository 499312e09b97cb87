"""The judge's rules, the bundled judge, and training."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.judge import rules
from distill.judge.inflection import stem
from distill.judge.judge import Candidate, open_judge
from distill.judge.pairs import Pair, apart, grouped, read_pairs
from distill.judge.rules import sides
from distill.judge.voice import active_form, giving_form, swap_persons
from schemas.errors import BadFile, BadInput
from schemas.events import canonical
from tests.support.server import ROOT, cometgraph

PAIRS = ROOT / "distill" / "judge" / "data" / "pairs.tsv"
OWN = ROOT / "benchmarks" / "near_duplicate_own.jsonl"
TRAPS = ROOT / "benchmarks" / "traps.tsv"


def difference(asked: str, stored: str) -> str | None:
    return rules.difference(sides(asked), sides(stored))


def same_words(asked: str, stored: str) -> bool:
    return rules.same_words(sides(asked), sides(stored))


@pytest.mark.parametrize(
    ("asked", "stored", "kind"),
    [
        ("PersonX shoves PersonY", "PersonY shoves PersonX", "roles"),
        ("PersonX pays PersonY back the rent", "PersonY pays PersonX back the rent", "roles"),
        ("PersonX is bullied by PersonY", "PersonX bullies PersonY", "roles"),
        ("PersonX sells PersonX's bike", "PersonX sells PersonY's bike", "roles"),
        ("PersonX's landlord shouts at PersonX", "PersonX shouts at PersonX's landlord", "roles"),
        ("the goose chases PersonX", "PersonX chases the goose", "roles"),
        ("PersonX packs PersonY's crate", "PersonX packs a crate", "roles"),
        ("PersonX holds PersonY still", "PersonX holds still", "roles"),
        ("PersonX is chased by a goose", "PersonX chases a goose", "roles"),
        ("at dusk the goose chases PersonX around", "PersonX chases the goose around at dusk", "roles"),
        ("every goose chases PersonX around", "PersonX chases every goose around", "roles"),
        ("on the ferry PersonX ignores PersonY", "PersonY ignores PersonX on the ferry", "roles"),
        ("PersonX introduces PersonY to PersonZ", "PersonX introduces PersonZ to PersonY", "roles"),
        ("PersonX does not pass the exam", "PersonX passes the exam", "polarity"),
        ("PersonX never calls PersonY", "PersonX calls PersonY", "polarity"),
        ("PersonX doesn't sleep", "PersonX sleeps", "polarity"),
        ("PersonX ca n't swim", "PersonX can swim", "polarity"),
        ("PersonX has no friends", "PersonX has friends", "polarity"),
        ("PersonX fails to reach the shore", "PersonX reaches the shore", "polarity"),
        ("PersonX is unable to swim", "PersonX can swim", "polarity"),
        ("PersonX adopts two cats", "PersonX adopts three cats", "number"),
        ("PersonX turns 30", "PersonX turns 40", "number"),
        ("PersonX comes in second place", "PersonX comes in first place", "number"),
        ("PersonX turns the heating on", "PersonX turns the heating off", "particle"),
        ("PersonX walks into the bank", "PersonX walks out of the bank", "particle"),
        ("PersonX eats before the run", "PersonX eats after the run", "particle"),
        ("PersonX wins the raffle", "PersonX loses the raffle", "opposite"),
        ("PersonX lends PersonY a ladder", "PersonX borrows PersonY's ladder", "opposite"),
        ("PersonX visits PersonX's mother", "PersonX visits PersonX's father", "opposite"),
        ("PersonX tries to fix the tap", "PersonX fixes the tap", "stage"),
        ("PersonX almost misses the ferry", "PersonX misses the ferry", "stage"),
        ("PersonX stops smoking", "PersonX smokes", "stage"),
        ("a sail boat", "a sail", "thing"),
        ("PersonX stops to smoke by the gate", "PersonX stops smoking by the gate", "stage"),
        ("PersonX puts PersonX's cat up for adoption", "PersonX adopts a cat", "roles"),
        ("PersonX gives the goose up for adoption", "PersonX adopts the goose", "roles"),
        ("PersonX begs for forgiveness", "PersonX forgives the thief", "roles"),
        ("PersonX receives a donation", "PersonX donates the money", "roles"),
        ("PersonX gets treatment at the clinic", "PersonX treats the goose at the clinic", "roles"),
        ("PersonX puts PersonX's kite up for sale", "PersonX sells PersonX's kite", "roles"),
        ("PersonX's goose is put up for adoption", "PersonX adopts a goose", "roles"),
        ("PersonX gets a visit from PersonY", "PersonX visits PersonY", "roles"),
        ("PersonX gets PersonY's help", "PersonX helps PersonY", "roles"),
        ("PersonX gets a kiss from PersonY", "PersonX kisses PersonY", "roles"),
        ("PersonX refuses a hug", "PersonX hugs the goose", "roles"),
        ("PersonX asks the crew to sing", "PersonX sings with the crew", "roles"),
        ("PersonX watches the crew dance on deck", "PersonX dances on deck", "roles"),
        ("PersonX receives a kite from PersonY", "PersonX gives PersonY a kite", "roles"),
        ("PersonX is older than PersonY", "PersonX is younger than PersonY", "roles"),
    ],
)
def test_a_difference_has_a_name(asked: str, stored: str, kind: str) -> None:
    for one, other in ((asked, stored), (stored, asked)):
        reason = difference(one, other)
        assert reason is not None
        assert reason.startswith(kind)
        assert not same_words(one, other)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("PersonX's plane to Oslo is late", "PersonX's flight to Oslo is late"),
        ("on the ferry PersonX ignores PersonY", "PersonX ignores PersonY on the ferry"),
        ("every evening PersonX feeds the goose", "PersonX feeds the goose every evening"),
        ("PersonX fails to reach the shore", "PersonX does not reach the shore"),
        ("PersonX is unable to swim", "PersonX can't swim"),
        ("PersonX leaves the ferry at once", "PersonX leaves the ferry immediately"),
        ("PersonX quits juggling", "PersonX stops juggling"),
        ("PersonX gives up juggling", "PersonX stops juggling"),
        ("PersonX begins to learn Danish", "PersonX starts learning Danish"),
        ("PersonX is given a kite", "PersonX gets a kite"),
        ("PersonX loves the goose", "PersonX loves geese"),
        ("PersonX loves the kite", "PersonX loves kites"),
        ("PersonX takes the goose for a walk", "PersonX walks the goose"),
        ("PersonX goes for a swim at dusk", "PersonX swims at dusk"),
        ("PersonX gives PersonY a hug", "PersonX hugs PersonY"),
        ("PersonX makes a donation", "PersonX donates"),
        ("PersonX lets PersonX's beard grow", "PersonX grows a beard"),
        ("PersonX happily accepts the prize", "PersonX accepts the prize"),
    ],
)
def test_other_wording_is_not_refused(asked: str, stored: str) -> None:
    assert difference(asked, stored) is None
    assert difference(stored, asked) is None


def test_one_and_many_are_not_the_same_words() -> None:
    assert not same_words("PersonX loves the kite", "PersonX loves kites")
    assert same_words("PersonX flies kites", "PersonX is flying the kites")
    assert not same_words("PersonX is kissed by the lake", "the lake kisses PersonX")


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("PersonX paints a fence", "PersonX paints the fence"),
        ("PersonX is painting the fence", "PersonX paints the fence"),
        ("PersonX painted the fence", "PersonX paints the fence"),
        ("PersonX really paints the fence", "PersonX paints the fence"),
        ("PersonX does n't like rain", "PersonX doesn't like rain"),
        ("PersonX cannot swim", "PersonX can't swim"),
        ("PersonX adopts 2 cats", "PersonX adopts two cats"),
        ("PersonX is hugged by PersonY", "PersonY hugs PersonX"),
        ("PersonX is chased by a goose", "a goose chases PersonX"),
        ("PersonX bought a boat", "PersonX buys a boat"),
        ("PersonX saw a comet", "PersonX sees a comet"),
        ("PersonX turns 25", "PersonX turns twenty-five"),
        ("PersonX gives a kite to PersonY", "PersonX gives PersonY a kite"),
        ("PersonX does not send a letter to PersonY", "PersonX does not send PersonY a letter"),
        ("PersonX shows the house to PersonY", "PersonX shows PersonY the house"),
        ("PersonX gives PersonY a kite", "PersonY receives a kite from PersonX"),
        ("PersonX receives a kite from PersonY", "PersonX gets a kite from PersonY"),
        ("PersonX is given a spare key by PersonY", "PersonY gives PersonX a spare key"),
        ("PersonX is older than PersonY", "PersonY is younger than PersonX"),
        ("PersonX runs slower than PersonY", "PersonY runs faster than PersonX"),
    ],
)
def test_stop_words_are_no_difference(asked: str, stored: str) -> None:
    assert difference(asked, stored) is None
    assert same_words(asked, stored)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("PersonX wrecked the shed", "PersonX is wrecked in the shed"),
        ("PersonX defeated", "PersonX is defeated"),
        ("PersonX has a parrot", "PersonX is a parrot"),
        ("PersonX does the dishes", "PersonX has the dishes"),
        ("PersonX buys a shed", "PersonX buys a shed for PersonY"),
        ("PersonX gets away from PersonY", "PersonY gives PersonX away"),
        ("PersonX brings PersonY home", "PersonX brings home to PersonY"),
    ],
)
def test_content_words_are_a_difference(asked: str, stored: str) -> None:
    assert not same_words(asked, stored)


@pytest.mark.parametrize(
    ("event", "stored", "is_exchanged"),
    [
        ("PersonY bites PersonX", "PersonX bites PersonY", True),
        ("PersonX is invited by PersonY to dinner", "PersonX invites PersonY to dinner", True),
        ("PersonX gets fired by PersonY", "PersonX fires PersonY", True),
        ("PersonX bites PersonY", "PersonX bites PersonY", False),
        ("PersonX is loved by everyone", "PersonX is loved by everyone", False),
        ("PersonY sings", "PersonY sings", False),
        ("PersonX is younger than PersonY", "PersonX is older than PersonY", True),
    ],
)
def test_who_acts_is_personx(event: str, stored: str, is_exchanged: bool) -> None:
    assert active_form(event) == (stored, is_exchanged)


def test_a_receiver_has_a_giver() -> None:
    assert giving_form("PersonX receives a kite from PersonY") == "PersonX gives PersonY a kite"
    assert giving_form("PersonX gets some money from PersonY") == "PersonX gives PersonY some money"
    assert giving_form("PersonX gives PersonY a kite") is None
    assert giving_form("PersonX runs from PersonY") is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_rules_take_any_text(one: str, other: str) -> None:
    assert same_words(one, one)
    assert difference(one, one) is None
    assert (difference(one, other) is None) == (difference(other, one) is None)
    assert swap_persons(swap_persons(one)) == one


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_a_stem_is_no_longer_than_its_word(word: str) -> None:
    assert 1 <= len(stem(word)) <= len(word) + 1


def test_held_out_events_of_one_file_are_in_no_training_pair() -> None:
    def pair(a: str, b: str, split: str) -> Pair:
        group = next(f"{n}" for n in range(1000) if Pair("", "", True, "", f"{n}").split == split)
        return Pair(a, b, True, "k", group)

    one = [pair("a", "b", "test"), pair("c", "d", "train")]
    other = [pair("b", "e", "train"), pair("f", "g", "dev"), pair("a", "h", "dev"), pair("g", "i", "train")]
    open_world = [Pair("j", "c", True, "k", "", "dev"), Pair("f", "c", True, "k", "", "train")]
    training, dev, held_back = apart([one, other, open_world])
    assert [(p.a, p.b) for p in training] == [("c", "d")]
    assert [(p.a, p.b) for p in dev] == [("f", "g"), ("j", "c")]
    assert held_back.isdisjoint("cd")
    assert {"a", "b", "f", "g", "j"} <= held_back


def test_training_pairs_have_no_event_of_the_benchmarks() -> None:
    asked = {row[name] for row in map(json.loads, OWN.read_text().splitlines()) for name in "ab"}
    with TRAPS.open(newline="") as file:
        asked |= {row[name] for row in csv.DictReader(file, delimiter="\t") for name in ("stored", "asked")}
    known = {canonical(text) for text in asked}
    assert not [pair for pair in read_pairs(PAIRS) if not known.isdisjoint((pair.a, pair.b))]
    labels = ROOT / "distill" / "judge" / "data" / "atomic_labels.tsv"
    assert read_pairs(labels, known) == []


def test_pairs_that_share_an_event_are_in_one_split() -> None:
    pairs = grouped(
        [Pair("a", "b", True, "k", ""), Pair("c", "d", True, "k", ""), Pair("b", "c", False, "k", "")], "file"
    )
    assert len({p.group for p in pairs}) == 1
    assert len({p.split for p in read_pairs(PAIRS)}) == 3
    by_event: dict[str, set[str]] = {}
    for pair in read_pairs(PAIRS):
        for text in (pair.a, pair.b):
            by_event.setdefault(text, set()).add(pair.split)
    assert all(len(splits) == 1 for splits in by_event.values())


def test_a_bad_file_of_pairs_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "pairs.tsv"
    bad.write_text("a\tb\tlabel\nPersonX sings\tPersonX hums\tmaybe\n")
    with pytest.raises(BadFile, match="line 2"):
        read_pairs(bad)
    process = cometgraph("distill", "judge", "--pairs", str(tmp_path / "none.tsv"), "--out", str(tmp_path / "out"))
    assert process.returncode == 2
    assert "none.tsv" in process.stderr


def test_the_bundled_judge(tmp_path: Path) -> None:
    judge = open_judge("minilm-same-event", tmp_path, 2, lambda *_: None)
    asked = ["PersonX gets fired", "PersonX adopts a dog"]
    work = {"PersonX loses PersonX's job": 0.77, "PersonX gets hired": 0.8, "PersonX gets fired": 1.0}
    pets = {"PersonX adopts a cat": 0.9, "PersonX adopted the dog": 0.95}
    near = [[Candidate(*one) for one in some.items()] for some in (work, pets)]
    fired, dog = judge.judge(asked, near)
    assert fired[0].event == "PersonX gets fired"
    assert {v.event: v.same for v in dog} == {"PersonX adopted the dog": True, "PersonX adopts a cat": False}
    alone = [judge.judge([one], [some])[0] for one, some in zip(asked, near, strict=True)]
    assert [fired, dog] == alone
    assert all(0 <= v.confidence <= 1 and v.reason for v in fired + dog)


def test_a_far_candidate_must_stand_out_from_the_others(tmp_path: Path) -> None:
    judge = open_judge("minilm-same-event", tmp_path, 1, lambda *_: None)
    asked, stored = "PersonX comes upon a wallet that somebody lost", "PersonX finds a lost wallet"
    others = ["PersonX drives the night bus", "PersonX tunes a piano", "PersonX mends a torn net"]

    def confidence(similarity: float, of_others: float) -> float:
        candidates = [Candidate(stored, similarity), *(Candidate(other, of_others) for other in others)]
        return next(v.confidence for v in judge.judge([asked], [candidates])[0] if v.event == stored)

    assert confidence(0.75, 0.74) < confidence(0.75, 0.6) < confidence(0.75, 0.45) == confidence(0.75, 0.4)
    assert confidence(0.9, 0.89) == confidence(0.9, 0.4)


def test_a_folder_without_a_judge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"judge\.json"):
        open_judge(str(tmp_path), tmp_path / "cache", 1, lambda *_: None)
    (tmp_path / "judge.json").write_text(json.dumps({"recipe": {}}))
    with pytest.raises(BadFile):
        open_judge(str(tmp_path), tmp_path / "cache", 1, lambda *_: None)


def test_a_judge_is_trained_stopped_and_goes_on(tmp_path: Path) -> None:
    rows = PAIRS.read_text().splitlines()
    small = tmp_path / "pairs.tsv"
    small.write_text("\n".join(rows[:900]) + "\n")
    command = ["distill", "judge", "--pairs", str(small), "--epochs", "1", "--rank", "2"]
    first = cometgraph(*command, "--out", str(tmp_path / "one"))
    assert first.returncode == 0, first.stderr
    description = json.loads((tmp_path / "one" / "judge" / "judge.json").read_text())
    assert 0.5 <= description["calibration"]["threshold"] <= 0.999
    again = cometgraph(*command, "--out", str(tmp_path / "one"))
    assert again.returncode == 0
    assert json.loads((tmp_path / "one" / "judge" / "judge.json").read_text()) == description
    other = cometgraph(*command, "--seed", "5", "--out", str(tmp_path / "one"))
    assert other.returncode == 2
    judge = open_judge(str(tmp_path / "one" / "judge"), tmp_path / "cache", 1, lambda *_: None)
    assert judge.threshold == description["calibration"]["threshold"]
