"""Delimited text as people bring it: separators, headers, named columns, KGTK and ConceptNet."""

from pathlib import Path

import pytest

from graph.loading.formats import check_format
from schemas.errors import BadFile, BadInput
from tests.support.loading import rows_of
from tests.support.server import cometgraph

PIE = ("PersonX bakes a pie", "xNeed", "to buy apples")


@pytest.mark.parametrize(
    "text",
    [
        "head,relation,tail\nPersonX bakes a pie,xNeed,to buy apples\n",
        "head;relation;tail\nPersonX bakes a pie;xNeed;to buy apples\n",
        "head|relation|tail\nPersonX bakes a pie|xNeed|to buy apples\n",
        '"head","relation","tail"\n"PersonX bakes a pie","xNeed","to buy apples"\n',
        '"head", "relation", "tail"\n"PersonX bakes a pie", "xNeed", "to buy apples"\n',
        ",head,relation,tail\n0,PersonX bakes a pie,xNeed,to buy apples\n",
        ";head;relation;tail\n0;PersonX bakes a pie;xNeed;to buy apples\n",
        "id,Tail,Relation,Head,label,class\n7,to buy apples,xNeed,PersonX bakes a pie,1,all_head\n",
        "event,rel,inference\r\nPersonX bakes a pie,xNeed,to buy apples\r\n",
        "\ufeffhead,relation,tail\nPersonX bakes a pie,xNeed,to buy apples",
        "PersonX bakes a pie,xNeed,to buy apples\n",
        "head,relation,tails\nPersonX bakes a pie,xNeed,\"['to buy apples']\"\n",
        'head\trelation\ttails\nPersonX bakes a pie\txNeed\t["to buy apples"]\n',
    ],
)
def test_triples_in_delimited_text(tmp_path: Path, text: str) -> None:
    for format, origin in ((None, None), ("atomic2020", "atomic2020"), ("table", "pie")):
        rows = rows_of(tmp_path / "pie.csv", text, format)
        assert (rows.triples, rows.rejects) == ([PIE], [])
        assert rows.origins == {origin or ("atomic2020" if "\t" in text else "pie")}


def test_commas_and_quotes_within_quoted_cells(tmp_path: Path) -> None:
    text = 'head,relation,tail,split\nPersonX bakes,xReact,"happy, ""proud""",tst\nPersonX, bakes,xReact,proud,tst\n'
    rows = rows_of(tmp_path / "a.csv", text)
    assert (rows.triples, rows.splits) == ([("PersonX bakes", "xReact", 'happy, "proud"')], ["test"])
    assert rows.reasons == [(3, "5 columns, where 4 are expected")]


def test_a_header_without_relation_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="the header names no column relation"):
        rows_of(tmp_path / "a.csv", "head,tail\nPersonX waits,to go\n")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("xNeed\tPersonX bakes a pie\tto buy apples\t1.0\n", "relation,head,tail"),
        ("xNeed\tPersonX bakes a pie\tto buy apples\t1.0\n", "relation, Head, tail, _"),
        ("7;PersonX bakes a pie;xNeed;to buy apples\n", "_,head,relation,tail"),
        ("subject,predicate,object\nPersonX bakes a pie,xNeed,to buy apples\n", "head,relation,tail"),
        ("head\trelation\ttail\nPersonX bakes a pie\txNeed\tto buy apples\n", "head,relation,tail"),
        ("PersonX bakes a pie|at:xneed|['to buy apples']\n", "head,relation,tails"),
    ],
)
def test_columns_are_named_by_the_caller(tmp_path: Path, text: str, columns: str) -> None:
    rows = rows_of(tmp_path / "pie.txt", text, columns=columns)
    assert (rows.triples, rows.rejects, rows.origins) == ([PIE], [], {"pie"})


def test_columns_of_another_number_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="2 columns, where --columns names 3"):
        rows_of(tmp_path / "a.tsv", "a\tb\n", columns="head,relation,tail")
    rows = rows_of(tmp_path / "a.tsv", "a\txNeed\tb\tc\na\txNeed\tb\n", columns="head,relation,tail")
    assert rows.reasons == [(2, "3 columns, where 4 are expected")]
    assert rows_of(tmp_path / "b.tsv", "a\txNeed\tb\tc\n").reasons == [
        (1, "4 columns, where 3 are expected: name them by --columns")
    ]


@pytest.mark.parametrize("columns", ["", "head,tail", "head,relation,tail,head", "head,relation,tail,tails", "a,b,c"])
def test_bad_columns_are_refused(columns: str) -> None:
    with pytest.raises(BadInput, match="columns"):
        check_format(None, columns)


def test_columns_are_for_delimited_text_alone(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="columns"):
        check_format("kgtk", "head,relation,tail")
    with pytest.raises(BadFile, match="--columns"):
        rows_of(tmp_path / "a.jsonl", "{}\n", columns="head,relation,tail")


def test_the_flag_columns(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("xNeed\tPersonX bakes a pie\tto buy apples\n")
    flags = ("--columns", "relation,head,tail", "--store", str(tmp_path / "store"), "--no-match")
    done = cometgraph("load", str(tmp_path / "a.tsv"), *flags)
    assert (done.returncode, done.stdout.startswith("read 1  loaded 1")) == (0, True), done.stderr


@pytest.mark.parametrize(
    "relation", ["xneed", " xNeed", "xNeed ", "XNEED", "at:xNeed", "<xNeed>", "[xNeed]", " [ xneed ] ", "/r/xNeed"]
)
def test_a_relation_in_other_spellings(tmp_path: Path, relation: str) -> None:
    rows = rows_of(tmp_path / "a.tsv", f"PersonX bakes a pie\t{relation}\tto buy apples\n" * 2)
    assert rows.triples == [PIE] * 2


@pytest.mark.parametrize("relation", ["", "need", "x Need", "xNeed2", "wn:xNeed", "at:", "xNeed" + " x" * 1000])
def test_another_relation_is_rejected(tmp_path: Path, relation: str) -> None:
    [(line, reason)] = rows_of(tmp_path / "a.tsv", f"PersonX bakes a pie\t{relation}\tto buy apples\n").reasons
    assert (line, reason.endswith("is not one of the 23 relations"), len(reason) < 200) == (1, True, True)


def test_kgtk(tmp_path: Path) -> None:
    text = (
        "id\tnode1\trelation\tnode2\tnode1;label\tnode2;label\tsource\n"
        "e1\tat:personx_bakes\tat:xReact\tat:proud\tpersonx bakes a pie|bakes a pie\tproud\tAT\n"
        "e2\tat:personx_bakes_____again\tat:xReact\tat:very_proud\t\t\tAT\n"
        "e3\t/c/en/apple_pie/n\t/r/AtLocation\t/c/en/oven\t'pie'@en\t\"the oven\"\tCN\n"
        "e4\t/c/fr/tarte\t/r/AtLocation\t/c/en/oven\ttarte\toven\tCN\n"
        "e5\tQ1\tmw:SameAs\tQ2\ta\tb\tWD\n"
        "e6\tat:personx_bakes\tat:oReact\tat:none\t\tnone\tAT\n"
    )
    rows = rows_of(tmp_path / "cskg.tsv", text)
    assert rows.triples == [
        ("PersonX bakes a pie", "xReact", "proud"),
        ("PersonX bakes ___ again", "xReact", "very proud"),
        ("pie", "AtLocation", "the oven"),
        ("PersonX bakes", "oReact", "none"),
    ]
    assert rows.origins == {"kgtk"}
    assert rows.reasons == [
        (5, "head: '/c/fr/tarte' is not in English (/c/en/)"),
        (6, "relation: 'mw:SameAs' is not one of the 23 relations"),
    ]


def test_kgtk_with_the_older_names_and_without_labels(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "a.tsv", 'node1\tlabel\tnode2\nat:personx_bakes\tat:xReact\t"very proud"\n')
    assert rows.triples == [("PersonX bakes", "xReact", "very proud")]
    with pytest.raises(BadFile, match="neither relation nor label"):
        rows_of(tmp_path / "b.tsv", "node1\tnode2\na\tb\n")


def test_conceptnet(tmp_path: Path) -> None:
    start = "/a/[/r/AtLocation/,/c/en/apple_pie/n/,/c/en/oven/]\t"
    text = (
        f'{start}/r/AtLocation\t/c/en/apple_pie/n/wn/food\t/c/en/oven\t{{"weight": 1.0}}\n'
        f"{start}/r/AtLocation\t/c/en/apple_pie\t/c/de/ofen\t{{}}\n"
        f"{start}/r/RelatedTo\t/c/en/apple_pie\t/c/en/oven\t{{}}\n"
        f"{start}/r/HasSubevent\t/c/en/bake\t/c/en/heat_oven/v\t{{}}\n"
    )
    rows = rows_of(tmp_path / "assertions.csv", text)
    assert rows.triples == [("apple pie", "AtLocation", "oven"), ("bake", "HasSubEvent", "heat oven")]
    assert rows.origins == {"conceptnet"}
    assert [line for line, _ in rows.reasons] == [2, 3]
