"""Line breaks within quoted cells of a CSV: one record, or every line of it rejected."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.loading.delimited import MAX_RECORD, SEPARATORS, record_test, splitter, whole_records
from graph.loading.lines import BLOCK, Block
from graph.loading.raw import RowRejected
from tests.support.loading import rows_of
from tests.support.server import cometgraph

HEADER = "event,xIntent,xReact,split\n"
NAP = 'PersonX naps,"[""to rest""]",[],trn\n'
NAPS = ("PersonX naps", "xIntent", "to rest")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n\n", "\n \n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_break_within_a_cell(tmp_path: Path, line_break: str, end: str) -> None:
    torn = f'"PersonX says{line_break}hello","[""to greet""]","[""friendly""]",trn'
    rows = rows_of(tmp_path / "a.csv", (HEADER + torn + "\n" + NAP).replace("trn\n", f"trn{end}"))
    assert rows.triples == [
        ("PersonX says hello", "xIntent", "to greet"),
        ("PersonX says hello", "xReact", "friendly"),
        NAPS,
    ]
    assert rows.rejects == []


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_a_line_break_within_a_tail(tmp_path: Path, separator: str) -> None:
    text = 'head,relation,tail\nPersonX waits,xWant,"to\ngo"\n"PersonX\nwaits","xWant",to stay'.replace(",", separator)
    rows = rows_of(tmp_path / "a.csv", text)
    assert rows.triples == [("PersonX waits", "xWant", "to go"), ("PersonX waits", "xWant", "to stay")]


@pytest.mark.parametrize(
    "torn",
    [
        '"PersonX says\nhello","[""to greet""],"[""friendly""]",trn\n',
        '"PersonX says\nhello"","[""to greet""]","[""friendly""]",trn\n',
        'PersonX "says\nhello","[""to greet""]","[""friendly""]",trn\n',
        '"PersonX says\nhello","[""to greet""]",trn\n',
    ],
)
def test_a_torn_record_is_rejected_with_all_its_lines(tmp_path: Path, torn: str) -> None:
    rows = rows_of(tmp_path / "a.csv", HEADER + torn + NAP)
    assert rows.triples == [NAPS]
    assert [line for line, _ in rows.reasons] == [2, 3]


@pytest.mark.parametrize("after", [1, MAX_RECORD - 1, MAX_RECORD, 3 * MAX_RECORD])
def test_a_quote_that_is_never_closed_loses_its_own_line_alone(tmp_path: Path, after: int) -> None:
    text = 'head,relation,tail\n"PersonX waits,xWant,to go\n' + "PersonX naps,xWant,to rest\n" * after
    rows = rows_of(tmp_path / "a.csv", text)
    assert len(rows.triples) == after
    [(line, reason)] = rows.reasons
    assert (line, reason.startswith("bad CSV: a quote that is not closed")) == (2, True)


def test_a_record_across_the_end_of_a_block(tmp_path: Path) -> None:
    line = 'PersonX waits,xWant,"to go"\n'
    header = "head,relation,tail\n"
    filler = line * ((BLOCK - len(header)) // len(line))
    torn = '"PersonX says' + "\n" * 60 + 'hello",xWant,"to\ngo"\n'
    rows = rows_of(tmp_path / "a.csv", header + filler + torn + "bad\n" + line)
    assert ("PersonX says hello", "xWant", "to go") in rows.triples
    assert len(rows.triples) == len(filler) // len(line) + 2
    number = (header + filler + torn).count("\n") + 1
    assert rows.reasons == [(number, "1 columns, where 3 are expected")]


def test_quotes_between_tabs_are_text(tmp_path: Path) -> None:
    tails = ['"to go', 'to "go', '"to go"', '6"', "to go"] * 2
    rows = rows_of(tmp_path / "a.tsv", "".join(f"PersonX waits\txWant\t{tail}\n" for tail in tails))
    assert [tail for *_, tail in rows.triples] == tails
    assert rows.rejects == []


CELL = st.text("ab \"',;|\n[]", max_size=8)
RECORDS = st.lists(st.tuples(CELL, CELL, CELL), max_size=8)


def written(records: list[tuple[str, str, str]], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(records)
    return out.getvalue()


def blocks_of(text: str, size: int) -> Iterator[Block]:
    lines: list[bytes | None] = [line.encode() for line in text.split("\n")]
    for start in range(0, len(lines), size):
        yield Block(start + 1, lines[start : start + size], 0)


@given(RECORDS, st.sampled_from(SEPARATORS[1:]), st.integers(1, 5))
@example([("a\n", "", ""), ("b", "\n\n", '"')], ",", 1)
def test_records_of_a_csv_writer_are_read_back(records: list[tuple[str, str, str]], separator: str, size: int) -> None:
    text, split = written(records, separator), splitter(separator)
    test = record_test(separator, split, 3)
    blocks = list(whole_records(blocks_of(text, size), test))
    lines = [line for block in blocks for line in block.lines]
    assert len(lines) == len(text.split("\n"))
    assert [block.first for block in blocks] == [
        1 + sum(len(block.lines) for block in blocks[:n]) for n in range(len(blocks))
    ]
    result = [split(line.decode()) for line in lines if line]
    # Blanks before a cell are dropped. No event and no tail needs them.
    assert [[cell.strip() for cell in cells] for cells in result] == [[cell.strip() for cell in r] for r in records]


@given(st.text('ab",\n', max_size=60), st.integers(1, 5))
def test_any_text_keeps_its_lines_or_joins_whole_records(text: str, size: int) -> None:
    split = splitter(",")
    test = record_test(",", split, 2)
    lines = [line for block in whole_records(blocks_of(text, size), test) for line in block.lines]
    assert len(lines) == len(text.split("\n"))
    for line in lines:
        if line and b"\n" in line:
            assert len(split(line.decode())) == 2
    assert b"".join(line or b"" for line in lines).replace(b"\n", b"") == text.replace("\n", "").encode()


@given(st.text('ab",\r ', max_size=20))
def test_a_row_is_read_as_by_the_csv_module_or_rejected(text: str) -> None:
    try:
        cells = splitter(",")(text)
    except RowRejected:
        return
    assert cells == next(csv.reader([text], skipinitialspace=True), [])


def test_the_graph_has_no_event_of_a_torn_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + '"PersonX says\nhello","[""to greet""]","[""friendly""]",trn\n')
    store = ("--store", str(tmp_path / "store"), "--no-match")
    done = cometgraph("load", str(tmp_path / "a.csv"), *store)
    assert done.stdout.startswith("read 2  loaded 2  present 0  duplicate 0  filtered 0  none 0  rejected 0"), done
