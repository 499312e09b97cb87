"""Files of labels, and which rows train."""

import gzip
from pathlib import Path

import pytest

from distill.critic.labels import Example, apart, head_key, questions, read_labels, weighted
from schemas.errors import BadFile, BadInput
from schemas.relations import Relation


def example(head: str, split: str, source: str = "one/a", group: str = "") -> Example:
    return Example(head, Relation.xWant, "to rest", 1.0, split, source, group)


def heads(examples: list[Example]) -> list[str]:
    return [e.head for e in examples]


def test_labels_of_all_spellings(tmp_path: Path) -> None:
    file = tmp_path / "labels.tsv"
    file.write_text(
        "head\trelation\ttail\tlabel\tsplit\tsource\tpopulation\n"
        "PersonX digs\txWant\tto rest\tvalid\ttrain\tteacher:big\tteacher\n"
        "PersonX digs\txWant\tto fly\t0\tval\t\t\n"
        "PersonX digs\txWant\t\u201ea\u201c\tnot_an_event\ttest\t\t\n"
        "PersonX digs\toWant\tto dig\tnot_applicable\ttrain\t\t\n"
        "PersonX digs\toWant\tnone\tvalid\ttrain\t\t\n"
    )
    rows = read_labels(file)
    assert [(e.p, e.split, e.source, e.population) for e in rows] == [
        (1.0, "train", "teacher:big", "teacher"),
        (0.0, "dev", "labels", ""),
        (0.0, "test", "labels", ""),
    ]


def test_comma_separated_and_compressed_files(tmp_path: Path) -> None:
    text = 'head,relation,tail,label,split\n"PersonX sits, waits",general Want,to go,1,dev\n'
    (tmp_path / "a.csv").write_text(text)
    with gzip.open(tmp_path / "b.csv.gz", "wt") as file:
        file.write(text)
    plain, compressed = (read_labels(tmp_path / name)[0] for name in ("a.csv", "b.csv.gz"))
    assert (plain.head, plain.relation) == ("PersonX sits, waits", Relation.oWant)
    assert (compressed.head, compressed.source) == (plain.head, "b")


def test_pseudo_labels_are_probabilities(tmp_path: Path) -> None:
    file = tmp_path / "pseudo.tsv"
    file.write_text("head\trelation\ttail\tp\nPersonX digs\txWant\tto rest\t0.25\n")
    assert [(e.p, e.split) for e in read_labels(file)] == [(0.25, "train")]


@pytest.mark.parametrize(
    "row",
    [
        "PersonX digs\txWant\tto rest\tmaybe\ttrain",
        "PersonX digs\txLikes\tto rest\t1\ttrain",
        "PersonX digs\txWant\t\t1\ttrain",
        "PersonX digs\txWant\tto rest\t1\tsomewhere",
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str) -> None:
    file = tmp_path / "labels.tsv"
    file.write_text(f"head\trelation\ttail\tlabel\tsplit\nPersonX digs\txWant\tto rest\t1\ttrain\n{row}\n")
    with pytest.raises(BadFile, match="line 3"):
        read_labels(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="nowhere"):
        read_labels(tmp_path / "nowhere.tsv")


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "labels.tsv.gz"
    file.write_bytes(gzip.compress(b"head\trelation\ttail\tlabel\n" * 100)[:-10])
    with pytest.raises(BadFile, match=r"labels\.tsv\.gz: not readable"):
        read_labels(file)


def test_no_event_is_in_two_splits() -> None:
    rows = [
        example("PersonX digs a hole", "train"),
        example("PersonX dig a hole", "test", "two/a"),  # the same in the style of another data set
        example("PersonX sings", "train"),
        example("PersonX sings", "dev", "two/a"),
        example("PersonX digs a hole", "dev"),
        example("PersonX rows", "train"),
    ]
    training, dev, test = apart(rows)
    assert heads(training) == ["PersonX rows"]
    assert heads(dev) == ["PersonX sings"]
    assert heads(test) == ["PersonX dig a hole"]


def test_dev_rows_of_a_source_can_train() -> None:
    rows = [example("PersonX digs", "dev", "old/a"), example("PersonX sings", "dev", "new")]
    training, dev, _ = apart(rows, dev_trains=["old"])
    assert (heads(training), heads(dev)) == (["PersonX digs"], ["PersonX sings"])


def test_test_rows_of_a_source_can_yield() -> None:
    rows = [
        example("PersonX digs", "train"),
        example("PersonX digs", "test", "old/a"),
        example("PersonX rows", "test", "old/a"),
        example("PersonX sings", "test", "new"),
        example("PersonX sings", "train"),
    ]
    training, _, test = apart(rows, test_yields=["old"])
    assert heads(training) == ["PersonX digs"]
    assert heads(test) == ["PersonX sings", "PersonX rows"]


def test_weights_go_by_the_beginning_of_a_source() -> None:
    rows = weighted([example("PersonX digs", "train", "old/a"), example("PersonX sings", "train", "new")], {"old": 0.3})
    assert [e.weight for e in rows] == [0.3, 1.0]
    with pytest.raises(BadInput, match="weight"):
        weighted(rows, {"other": 1.0})


def test_rows_of_a_group_are_one_question() -> None:
    rows = [example("PersonX digs", "train", group=group) for group in ("q1", "", "q2", "q1")]
    assert sorted(questions(rows)) == [[0, 3], [1], [2]]


def test_heads_in_all_styles_are_the_same() -> None:
    assert head_key("PersonX makes PersonY's tea.") == head_key("personx make PersonY 's tea")
    assert head_key("PersonX makes tea") != head_key("PersonY makes tea")
