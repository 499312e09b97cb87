"""`cometgraph load`: formats, filters, rejects, and that every row is accounted for."""

import gzip
import json
from pathlib import Path

import pytest

from tests.support.loading import TENX, ask, jsonl, run_load
from tests.support.server import cometgraph


def test_atomic10x_new_and_old(tmp_path: Path) -> None:
    old = {k: v for k, v in TENX.items() if k != "tail"} | {"inference": "to leave"}
    report = run_load(tmp_path, jsonl(tmp_path / "a.jsonl", TENX, old))
    assert (report["read"], report["loaded"]) == (2, 2)
    assert ask(tmp_path, "PersonX waits") == [
        {
            "relation": "xWant",
            "tail": tail,
            "p_valid": 0.9,
            "critic": None,
            "log_prob": None,
            "rank": rank,
            "source": "graph",
            "stored": True,
            "generated": False,
            "origins": ["atomic10x"],
            "split": "val",
            "sentence": None,
        }
        for rank, tail in enumerate(("to go", "to leave"), 1)
    ]


def test_a_file_may_name_the_critic_of_a_score(tmp_path: Path) -> None:
    rows = [TENX | {"critic": "c@1"}, TENX | {"tail": "to leave", "p_valid_model": None, "critic": "c@1"}]
    run_load(tmp_path, jsonl(tmp_path / "a.jsonl", *rows))
    scores = [(i["tail"], i["p_valid"], i["critic"]) for i in ask(tmp_path, "PersonX waits")]
    assert scores == [("to go", 0.9, "c@1"), ("to leave", None, None)]


def test_atomic2020_folder_takes_the_split_from_the_file_name(tmp_path: Path) -> None:
    data = tmp_path / "atomic2020"
    data.mkdir()
    for split, event in (("train", "PersonX waits"), ("dev", "PersonX naps"), ("test", "PersonX runs")):
        (data / f"{split}.tsv").write_text(f"{event}\txWant\tto go\n{event}\toReact\tnone\n")
    report = run_load(tmp_path, str(data))
    assert (report["read"], report["loaded"], report["none"]) == (6, 3, 3)
    [said] = ask(tmp_path, "PersonX naps")
    assert (said["split"], said["origins"]) == ("dev", ["atomic2020"])


def test_atomic2020_header_names_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text("split\ttail\trelation\thead\ntest\tto go\txWant\tPersonX waits\n")
    run_load(tmp_path, str(file))
    assert [(i["tail"], i["split"]) for i in ask(tmp_path, "PersonX waits")] == [("to go", "test")]


def test_atomic2019_counts_each_tail(tmp_path: Path) -> None:
    file = tmp_path / "v4.csv"
    file.write_text(
        "event,xWant,oReact,prefix,split\n"
        'PersonX waits,"[""to go"", ""to, well, leave""]","[""none""]","[""wait""]",trn\n'
        'PersonX naps,"not a list",[],[],trn\n'
    )
    report = run_load(tmp_path, str(file))
    assert (report["read"], report["loaded"], report["none"], report["rejected"]) == (4, 2, 1, 1)
    assert [(i["tail"], i["split"], i["origins"]) for i in ask(tmp_path, "PersonX waits")] == [
        ("to go", "train", ["atomic2019"]),
        ("to, well, leave", "train", ["atomic2019"]),
    ]


def test_our_own_triples_with_their_origins_or_the_files_name(tmp_path: Path) -> None:
    rows = [{"head": "PersonX waits", "relation": "xWant", "tail": tail} for tail in ("a", "b")]
    run_load(tmp_path, jsonl(tmp_path / "mine.jsonl", rows[0] | {"origins": ["x", "y"], "p_valid": 0.5}, rows[1]))
    assert [(i["tail"], i["p_valid"], i["origins"]) for i in ask(tmp_path, "PersonX waits")] == [
        ("a", 0.5, ["x", "y"]),
        ("b", None, ["mine"]),
    ]


def test_gzip_and_standard_input_and_origin(tmp_path: Path) -> None:
    packed = tmp_path / "rows.tsv.gz"
    packed.write_bytes(gzip.compress(b"PersonX waits\txWant\tto go\n"))
    run_load(tmp_path, str(packed), "--origin", "my data")
    run_load(tmp_path, "-", input="PersonX waits\txWant\tto go\nPersonX waits\txNeed\ttime\n")
    assert [(i["tail"], i["origins"]) for i in ask(tmp_path, "PersonX waits")] == [
        ("to go", ["atomic2020", "my data"]),
        ("time", ["atomic2020"]),
    ]


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        (["--split", "dev"], {"low"}),
        (["--split", "val"], {"low"}),
        (["--split", "trn"], {"high"}),
        (["--min-p-valid", "0.8"], {"high"}),
        (["--recall", "0.5"], {"high"}),
        (["--recall", "0.9"], {"high", "low"}),
        (["--recall", "0.9", "--split", "train"], {"high"}),
    ],
)
def test_filters_leave_rows_out_and_say_so(tmp_path: Path, flags: list[str], kept: set[str]) -> None:
    high = TENX | {"tail": "high", "split": "train", "rec_0.5": True}
    low = TENX | {"tail": "low", "p_valid_model": 0.3}
    bare = {"head": "PersonX waits", "relation": "xWant", "inference": "bare", "split": "test"}
    report = run_load(tmp_path, jsonl(tmp_path / "a.jsonl", high, low, bare), *flags)
    assert (report["loaded"], report["filtered"]) == (len(kept), 3 - len(kept))
    assert {i["tail"] for i in ask(tmp_path, "PersonX waits")} == kept


BAD_ROWS = [
    ('{"head": "PersonX waits"', "bad JSON"),
    ('["PersonX waits", "xWant", "to go"]', "not a JSON object"),
    (TENX | {"relation": "xWish"}, "relation: 'xWish'"),
    (TENX | {"relation": None}, "relation: None"),
    (TENX | {"head": " . "}, "head: empty"),
    (TENX | {"head": 7}, "head: 7 is not a text"),
    (TENX | {"head": "x" * 301}, "head: 301 characters"),
    (TENX | {"tail": "y" * 501}, "tail: 501 characters"),
    (TENX | {"tail": ""}, "tail: empty"),
    (TENX | {"tail": [["to go"]]}, "tail: ['to go'] is not a text"),
    (TENX | {"split": "later"}, "split: 'later'"),
    (TENX | {"p_valid_model": 1.5}, "p_valid: 1.5"),
    (TENX | {"p_valid_model": "high"}, "p_valid: 'high'"),
    (TENX | {"p_valid_model": True}, "p_valid: True"),
    (TENX | {"valid": 7}, "valid: 7"),
    (TENX | {"critic": 7}, "critic: 7 is not a name"),
    (TENX | {"critic": " c@1"}, "critic: ' c@1' is not a name"),
    (TENX | {"rec_0.7": "yes"}, "rec_0.5 to rec_0.9"),
    ('{"head": "PersonX \\ud800", "relation": "xWant", "inference": "to go"}', "bad JSON"),
]


def test_bad_rows_are_set_aside_with_line_and_reason_and_the_load_goes_on(tmp_path: Path) -> None:
    rows = [row for row, _ in BAD_ROWS]
    file = jsonl(tmp_path / "a.jsonl", TENX, *rows, TENX | {"tail": "to stay"})
    report = run_load(tmp_path, file)
    assert (report["loaded"], report["rejected"]) == (2, len(BAD_ROWS))
    assert report["rejected_files"] == [f"{file}.rejected.jsonl"]
    rejected = [json.loads(line) for line in Path(f"{file}.rejected.jsonl").read_text().splitlines()]
    assert [r["line"] for r in rejected] == list(range(2, len(BAD_ROWS) + 2))
    for said, (row, reason) in zip(rejected, BAD_ROWS, strict=True):
        assert reason in said["reason"]
        assert said["row"] == (row if isinstance(row, str) else json.dumps(row))


def test_bad_utf8_and_over_long_lines_are_rejected_rows(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    good = b"PersonX waits\txWant\tto go\n"
    huge = b"PersonX waits\txWant\t" + b"y" * 10_000_000 + b"\n"
    file.write_bytes(good + b"PersonX \xff\txWant\tto go\n" + huge + b"two\tcolumns\n" + good[:-1])
    report = run_load(tmp_path, str(file))
    assert (report["read"], report["loaded"], report["duplicate"], report["rejected"]) == (5, 1, 1, 3)
    reasons = [json.loads(r)["reason"] for r in Path(f"{file}.rejected.jsonl").read_text().splitlines()]
    assert [r.split(" ")[0:2] for r in reasons] == [["bad", "UTF-8"], ["over-long", "line"], ["2", "columns,"]]


def test_rejects_of_an_earlier_load_go_when_the_file_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    run_load(tmp_path, jsonl(file, TENX, "{"))
    assert Path(f"{file}.rejected.jsonl").exists()
    run_load(tmp_path, jsonl(file, TENX))
    assert not Path(f"{file}.rejected.jsonl").exists()


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a\udcff.jsonl"
    jsonl(file, {"head": "PersonX waits", "relation": "xWant", "tail": "to go"}, "{")
    report = run_load(tmp_path, str(file))
    assert (report["loaded"], report["rejected"]) == (1, 1)
    assert ask(tmp_path, "PersonX waits")[0]["origins"] == ["a?"]


def test_windows_line_ends_a_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_bytes(b"\xef\xbb\xbfPersonX waits\txWant\tto go\r\n\r\n\nPersonX waits\txWant\tto stay\r\n")
    report = run_load(tmp_path, str(file))
    assert (report["read"], report["loaded"]) == (2, 2)


def test_strict_stops_at_the_first_bad_row_with_nothing_stored(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", TENX, TENX | {"relation": "xWish"})
    done = cometgraph("load", file, "--strict", "--store", str(tmp_path / "store"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "line 2: relation: 'xWish'" in done.stderr
    assert list(tmp_path.glob("*.rejected*")) == []
    assert json.loads(cometgraph("stats", "--json", "--store", str(tmp_path / "store")).stdout)["events"] == 0


def _truncated(path: Path) -> None:
    lines = "".join(f"PersonX waits {n}\txWant\tto go {n * 7919}\n" for n in range(50_000))
    path.write_bytes(gzip.compress(lines.encode())[:-1000])


BAD_FILES = {
    "truncated.tsv.gz": (_truncated, "gzip"),
    "utf16.tsv": (lambda p: p.write_text("PersonX waits\txWant\tto go\n", encoding="utf-16"), "UTF-16"),
    "utf16le.jsonl": (lambda p: p.write_text(json.dumps(TENX), encoding="utf-16-le"), "UTF-16"),
    "array.jsonl": (lambda p: p.write_text(json.dumps([TENX])), "JSON array"),
    "folder": (lambda p: p.mkdir(), "folder"),
    "missing.tsv": (lambda p: None, "no such file"),
    "columns.tsv": (lambda p: p.write_text("head\trel\nPersonX waits\txWant\n"), "tail"),
    "columns.csv": (lambda p: p.write_text("event,split\nPersonX waits,trn\n"), "no known format"),
    "latin.csv": (lambda p: p.write_bytes("event,xWant,prénom\n".encode("latin-1")), "header"),
    "binary.bin": (lambda p: p.write_bytes(bytes(range(256)) * 100), "binary"),
    "empty.jsonl": (lambda p: p.touch(), "empty"),
    "prose.txt": (lambda p: p.write_text("PersonX waits and waits.\n"), "no known format"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_line_exit_code_2_and_nothing_stored(tmp_path: Path, name: str) -> None:
    make, reason = BAD_FILES[name]
    make(tmp_path / name)
    good = tmp_path / "good.tsv"
    good.write_text("PersonX waits\txWant\tto go\n")
    done = cometgraph("load", str(good), str(tmp_path / name), "--store", str(tmp_path / "store"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert name in done.stderr
    assert reason in done.stderr
    if (tmp_path / "store").exists():
        assert json.loads(cometgraph("stats", "--json", "--store", str(tmp_path / "store")).stdout)["events"] == 0
        left = {p.name for p in (tmp_path / "store").iterdir()}
        assert left == {"events-0.sqlite", "graph-0.lbug", "links-0.sqlite", "lock", "pages.lock", "store.json"}


@pytest.mark.parametrize(
    "flags",
    [
        ["--format", "atomic"],
        ["--split", "later"],
        ["--recall", "0.55"],
        ["--min-p-valid", "2"],
        ["--min-p-valid", "nan"],
        ["--min-p-valid", "much"],
        ["--origin", " "],
        ["--report", "no/such/folder/r.json"],
        ["--report", "."],
        ["--columns", "head,tail"],
        ["--columns", "head,relation,tail", "--format", "kgtk"],
        ["--nonsense"],
    ],
)
def test_a_bad_flag_is_one_line_and_exit_code_2(tmp_path: Path, flags: list[str]) -> None:
    file = jsonl(tmp_path / "a.jsonl", TENX)
    done = cometgraph("load", file, *flags, "--store", str(tmp_path / "store"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert flags[0].lstrip("-").replace("-", "_") in done.stderr.replace("-", "_")


def test_an_empty_file_of_a_named_format_is_loaded_as_nothing(tmp_path: Path) -> None:
    report = run_load(tmp_path, jsonl(tmp_path / "a.jsonl"), "--format", "triples")
    assert report["read"] == 0
