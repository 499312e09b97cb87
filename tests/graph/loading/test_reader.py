"""Any file: every line is accounted for, whatever its bytes, its line ends and its compression."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.loading.formats import FORMATS
from graph.loading.lines import BLOCK, MAX_LINE
from schemas.errors import BadFile
from tests.support.loading import Rows, rows_of

GOOD = b"PersonX waits\txWant\tto go\n"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}
MAGIC = {"gzip": 2, "xz": 6, "bz2": 10}
"""Bytes that name the compression."""
PIECES = st.lists(
    st.sampled_from(
        [b"PersonX waits", b"xWant", b"oReact", b"none", b"\t", b",", b";", b"\n", b"\r\n", b"\r", b'"', b"'", b"[",
         b"]", b"{", b"}", b":", b"head", b"relation", b"tail", b"tails", b"event", b"split", b"p_valid", b"node1",
         b"node2", b"/a/", b"/r/", b"/c/en/x", b"\xff", b"\xef\xbb\xbf", b"\0", b"\\", b"0.5", b"nan", b" "]
    ),
    max_size=40,
).map(b"".join)  # fmt: skip
LINE = (st.binary(max_size=20) | PIECES).map(lambda data: data.replace(b"\n", b"").replace(b'"', b""))
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",), exclude_characters='"'), max_size=12)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files") / "rows.txt"


@given(
    PIECES | st.binary(max_size=60), st.sampled_from([None, *FORMATS]), st.sampled_from([None, "head,relation,tail"])
)
@settings(deadline=None)
def test_any_bytes_are_rows_or_a_bad_file(path: Path, data: bytes, format: str | None, columns: str | None) -> None:
    try:
        rows = rows_of(path, data, format, columns)
    except BadFile:
        return
    lines = data.count(b"\n") + 1
    assert all(1 <= reject.line <= lines and reject.reason for reject in rows.rejects)
    assert all(relation in ("xWant", "oReact") and head and tail for head, relation, tail in rows.triples)


@given(st.lists(LINE), st.sampled_from(["triples", "atomic2020"]))
@settings(deadline=None)
def test_every_line_with_a_text_is_one_row_with_its_number(path: Path, lines: list[bytes], format: str) -> None:
    first = GOOD if format == "atomic2020" else b'{"head": "PersonX waits", "relation": "xWant", "tail": "to go"}\n'
    rows = rows_of(path, first + b"\n".join(lines), format)
    numbered = {n: line for n, line in enumerate(lines, 2) if line.strip(b" \r")}
    assert rows.read == 1 + len(numbered)
    assert [reject.line for reject in rows.rejects] == sorted({reject.line for reject in rows.rejects})
    for reject in rows.rejects:
        assert reject.row == numbered[reject.line].decode("utf-8", "replace")


def written(format: str, rows: list[tuple[str, str]]) -> list[str]:
    """Lines of a file."""
    triples = [(f"PersonX {head}", "xWant", tail) for head, tail in rows]
    if format == "atomic2020":
        return ["\t".join(one) for one in triples]
    if format == "table":
        return ["head,relation,tail", *(",".join(f'"{cell}"' for cell in one) for one in triples)]
    return [json.dumps(dict(zip(("head", "relation", "tail"), one, strict=True))) for one in triples]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), st.sampled_from(["atomic2020", "table", "triples"]))
@settings(max_examples=15, deadline=None)
def test_line_ends_marks_blank_lines_and_compressions_change_nothing(
    path: Path, texts: list[tuple[str, str]], format: str
) -> None:
    def read(data: str | bytes) -> tuple[list[tuple[str, str, str]], list[str], int]:
        rows = rows_of(path, data)
        return rows.triples, [reject.reason for reject in rows.rejects], rows.read

    lines = written(format, texts)
    plain = "".join(f"{line}\n" for line in lines)
    expected = read(plain)
    assert expected[2] == len(texts)
    for other in (
        "\n".join(lines),
        "".join(f"{line}\r\n" for line in lines),
        "\ufeff" + plain,
        "\n \r\n" + "\n\n".join(lines) + "\n\n",
        *(compress(plain.encode()) for compress in COMPRESS.values()),
        *(compress(f"\ufeff{lines[0]}\r\n".encode()) + compress("\r\n".join(lines[1:]).encode())
          for compress in COMPRESS.values()),
    ):  # fmt: skip
        assert read(other) == expected


def thirty(path: Path) -> tuple[bytes, Rows]:
    data = b"".join(b"PersonX waits %d\txWant\tto go %d\n" % (n, n * 7919) for n in range(30))
    return data, rows_of(path, data)


@pytest.mark.parametrize("name", COMPRESS)
def test_a_file_cut_anywhere_is_refused(path: Path, name: str) -> None:
    whole = COMPRESS[name](thirty(path)[0])
    for size in range(1, len(whole)):
        with pytest.raises(BadFile, match="damaged or truncated" if size >= MAGIC[name] else "no known format"):
            rows_of(path, whole[:size])


@pytest.mark.parametrize("name", COMPRESS)
@given(place=st.integers(0), change=st.integers(1, 255))
@settings(max_examples=40, deadline=None)
def test_a_wrong_byte_never_makes_other_rows(path: Path, name: str, place: int, change: int) -> None:
    data, expected = thirty(path)
    wrong = bytearray(COMPRESS[name](data))
    wrong[MAGIC[name] + place % (len(wrong) - MAGIC[name])] ^= change
    try:
        rows = rows_of(path, bytes(wrong))
    except BadFile:
        return
    assert rows == expected  # a byte without a meaning, such as the time in gzip's header


@pytest.mark.parametrize("before", [0, BLOCK - MAX_LINE, BLOCK - 7])
def test_the_longest_line_is_read_and_a_longer_one_rejected_wherever_it_begins(path: Path, before: int) -> None:
    filler = (GOOD + (b"x" * 99_999 + b"\n") * 50)[:before]
    filler += b"\n" * bool(before)
    start = b"PersonX waits\txWant\t"
    longest = start + b"y" * (MAX_LINE - len(start))
    rows = rows_of(path, filler + longest + b"\n" + longest + b"y\n" + GOOD + longest + b"y")
    count = filler.count(b"\n")
    assert [(line, reason) for line, reason in rows.reasons if "columns" not in reason] == [
        (count + 1, f"tail: {MAX_LINE - len(start)} characters, at most 500 are allowed"),
        (count + 2, "over-long line (over 1 MiB)"),
        (count + 4, "over-long line (over 1 MiB)"),
    ]
    assert rows.triples == [("PersonX waits", "xWant", "to go")] * (2 if before else 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"head": %s, "relation": "xWant", "tail": "to go"}', "head: "),
        ('{"head": "PersonX waits", "relation": %s, "tail": "to go"}', "relation: "),
        ('{"head": "PersonX waits", "relation": "xWant", "tail": "to go", "split": %s}', "split: "),
        ('{"head": "PersonX waits", "relation": "xWant", "tail": "to go", "origins": [%s]}', "origins: "),
    ],
)
def test_a_value_of_any_depth_is_a_rejected_row(path: Path, row: str, reason: str) -> None:
    nested = "[" * 1000 + "]" * 1000
    rows = rows_of(path, row % nested + "\n" + row.replace("%s", "7"))
    assert [(line, text.startswith(reason), len(text) < 200) for line, text in rows.reasons] == [
        (1, True, True),
        (2, True, True),
    ]


@pytest.mark.parametrize("cell", ["[{[]}]", "[{[]: 1}]", "[0x" + "f" * 5000 + "]", "[" * 190 + "]" * 190])
def test_a_list_of_anything_is_a_rejected_row(path: Path, cell: str) -> None:
    rows = rows_of(path, f"head\trelation\ttails\nPersonX waits\txWant\t{cell}\nPersonX waits\txWant\t['to go']\n")
    assert rows.triples == [("PersonX waits", "xWant", "to go")]
    [(line, reason)] = rows.reasons
    assert (line, len(reason) < 200) == (2, True)
