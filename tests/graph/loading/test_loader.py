"""A load in this process: its report, and what a stop leaves."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.loading.cleaning import Filters
from graph.loading.lines import sources
from graph.loading.loader import Options, Report, load
from graph.stores.neo4j.bulk_import import ARGUMENTS
from schemas.progress import silent
from tests.support.stops import StopAt, Stopped

LINES = st.lists(
    st.tuples(
        st.sampled_from(["PersonX waits", "PersonX naps", ""]),
        st.sampled_from(["xWant", "oReact", "xWish"]),
        st.sampled_from(["to go", "to rest", "none", "N/A"]),
        st.sampled_from(["train", "dev"]),
    ),
    max_size=15,
)
Line = tuple[str, str, str, str]


def write(path: Path, lines: list[Line]) -> str:
    path.write_text("".join("\t".join(line) + "\n" for line in [("head", "relation", "tail", "split"), *lines]))
    return str(path)


def load_files(folder: Path, files: list[list[Line]], options: Options, heads: set[str]) -> Report:
    """Load into files for neo4j-admin."""
    inputs = sources([write(folder / f"{n}.tsv", lines) for n, lines in enumerate(files)])
    return asyncio.run(load(folder / "offline", inputs, options, silent, heads=heads))


@given(st.lists(LINES, min_size=1, max_size=3), st.sampled_from([None, "train", "dev"]))
@settings(max_examples=12, deadline=None)
def test_the_report_accounts_for_every_row(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[Line]], split: str | None
) -> None:
    folder, heads = tmp_path_factory.mktemp("load"), set[str]()
    report = load_files(folder, files, Options(filters=Filters(split=split)), heads)
    lines = [line for file in files for line in file]
    good = [line for line in lines if line[0] and line[1] != "xWish"]
    used = [line for line in good if split in (None, line[3])]
    edges = {line[:3] for line in used if line[2].startswith("to")}
    none = [line for line in used if not line[2].startswith("to")]
    assert (report.read, report.rejected, report.filtered) == (
        len(lines),
        len(lines) - len(good),
        len(good) - len(used),
    )
    assert (report.loaded, report.present, report.none) == (len(edges), 0, len(none))
    assert report.duplicate == len(used) - len(none) - len(edges)
    assert heads == {line[0] for line in used}
    assert len(report.rejected_files) == sum(any(not line[0] or line[1] == "xWish" for line in file) for file in files)


@pytest.mark.anyio
async def test_a_stopped_load_leaves_no_files_that_look_complete(tmp_path: Path) -> None:
    inputs = sources([write(tmp_path / "a.tsv", [("PersonX waits", "xWant", "to go", "dev"), ("", "", "", "")])])
    offline = tmp_path / "offline"
    await load(offline, inputs, Options(), silent)
    whole = {path.name: path.read_bytes() for path in offline.iterdir()}
    assert (offline / ARGUMENTS).exists()
    rejected = tmp_path / "a.tsv.rejected.jsonl"
    rejected.unlink()
    for last, is_written in ((1, True), (2, False)):
        with pytest.raises(Stopped):
            await load(offline, inputs, Options(), StopAt(last))
        assert (offline / ARGUMENTS).exists() == is_written
        assert rejected.exists() == (not is_written)
    await load(offline, inputs, Options(), silent)
    assert {path.name: path.read_bytes() for path in offline.iterdir()} == whole
