"""Files of labelled pairs: what is read, and every damage is an error with its place."""

from pathlib import Path

import pytest

from distill.judge.pairs import Pair, checksum, grouped, read_pairs, undecided
from schemas.errors import BadFile

HEADS = ["PersonX sings", "PersonX hums", "PersonX waits"]


def test_events_are_read_in_their_canonical_form(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text('a\tb\tlabel\trule\npersonx says "go".\tThe  dog barks\t1\tvoice\n')
    [pair] = read_pairs(file)
    assert (pair.a, pair.b, pair.same, pair.kind) == ('PersonX says "go"', "the dog barks", True, "voice")


def test_events_of_other_licences_come_from_the_heads(tmp_path: Path) -> None:
    rows = [(HEADS[0], HEADS[1], "1"), (HEADS[1], "PersonX whistles", "0"), (HEADS[2], HEADS[0], "0")]
    lines = [f"{checksum(a)}\t{checksum(b)}\t{label}" for a, b, label in rows]
    file = tmp_path / "pairs.tsv"
    file.write_text("\n".join(["a_checksum\tb_checksum\tlabel", *lines, ""]))
    assert [(p.a, p.b, p.same) for p in read_pairs(file, HEADS)] == [
        ("PersonX sings", "PersonX hums", True),
        ("PersonX waits", "PersonX sings", False),
    ]
    assert read_pairs(file) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a\tb\nPersonX sings\tPersonX hums\n", "line 2"),
        ("a\tb\tlabel\nPersonX sings\tPersonX hums\t1\nPersonX sings\n", "line 3"),
        ("a\tb\tlabel\tsplit\nPersonX sings\tPersonX hums\t1\ttraining\n", "line 2.*'training'"),
        (f"a_checksum\tb_checksum\n{checksum(HEADS[0])}\t{checksum(HEADS[1])}\n", "line 2"),
        (f"a_checksum\tlabel\n{checksum(HEADS[0])}\t1\n", "line 2"),
        ("a\tb\tlabel\n" + "x" * 200_000 + "\tb\t1\n", "not readable"),
        ("a\tb\tlabel\nPersonX eats caf\udce9\tb\t1\n", "not readable"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(BadFile, match=rf"pairs\.tsv.*{reason}"):
        read_pairs(file, HEADS)


def test_groups_are_split_seven_to_one_to_two() -> None:
    splits = [Pair("a", "b", True, "k", f"group {n}").split for n in range(5000)]
    shares = [splits.count(name) / len(splits) for name in ("train", "dev", "test")]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_pairs_of_one_group_of_the_file_stay_together() -> None:
    pairs = [Pair("a", "b", True, "k", "1"), Pair("c", "d", True, "k", "1"), Pair("e", "f", True, "k", "2")]
    first, second, third = grouped(pairs, "file")
    assert first.group == second.group != third.group


def test_the_cross_encoder_gets_what_no_rule_decides() -> None:
    pairs = [
        Pair("PersonX sings", "PersonX does not sing", False, "k", ""),
        Pair("PersonX sings", "PersonX is singing", True, "k", ""),
        Pair("PersonX sings", "PersonX performs a song", True, "k", ""),
    ]
    assert list(undecided(pairs)) == pairs[2:]
