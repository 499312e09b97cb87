"""The files of rejected rows."""

import json
from pathlib import Path

import pytest

from graph.loading.lines import Source
from graph.loading.reader import Reject
from graph.loading.rejects import Rejects
from schemas.errors import BadFile


def source(path: Path) -> Source:
    return Source(str(path), path)


def reject(line: int) -> Reject:
    return Reject(line, f"reason {line}", f'row "{line}" \ufffd\u2028')


def lines_of(path: str | Path) -> list[Reject]:
    return [Reject(**json.loads(line)) for line in Path(path).read_bytes().decode().split("\n")[:-1]]


def test_each_file_has_its_own_and_a_good_file_loses_that_of_before(tmp_path: Path) -> None:
    bad, worse, good = (source(tmp_path / name) for name in ("bad.tsv", "worse.tsv", "good.tsv"))
    (tmp_path / "good.tsv.rejected.jsonl").write_text("of before")
    with Rejects() as rejects:
        for one, numbers in ((bad, []), (bad, [1, 2]), (worse, [7]), (good, []), (bad, []), (bad, [9])):
            rejects.write(one, [reject(number) for number in numbers])
    assert rejects.files == [f"{bad.name}.rejected.jsonl", f"{worse.name}.rejected.jsonl"]
    assert [lines_of(name) for name in rejects.files] == [[reject(1), reject(2), reject(9)], [reject(7)]]
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_leaves_the_files_of_before(tmp_path: Path) -> None:
    bad, good = source(tmp_path / "bad.tsv"), source(tmp_path / "good.tsv")
    files = [tmp_path / f"{name}.tsv.rejected.jsonl" for name in ("bad", "good")]
    for file in files:
        file.write_text("of before")

    def fail() -> None:
        with Rejects() as rejects:
            rejects.write(bad, [reject(1)])
            rejects.write(good, [])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert sorted(tmp_path.iterdir()) == files
    assert {file.read_text() for file in files} == {"of before"}


@pytest.mark.parametrize("is_good", [False, True])
def test_files_of_one_name_in_folders_without_access_stay_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_good: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.tsv.rejected.jsonl").write_text("of before")
    with Rejects() as rejects:
        for n, name in enumerate(("no/train.tsv", "none/train.tsv", "train.tsv", str(tmp_path / "train.tsv"))):
            rejects.write(Source(name, None), [] if is_good and n == 2 else [reject(n)])
    assert [lines_of(name) for name in rejects.files] == [[reject(n)] for n in range(4) if not (is_good and n == 2)]
    assert len(set(rejects.files)) == len(list(tmp_path.iterdir())) == len(rejects.files)
    assert all(".rejected." in name for name in rejects.files)  # no folder has them among its data files


def test_without_any_folder_to_write_to_the_load_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(BadFile, match=r"train\.tsv\.rejected.*cannot be written"), Rejects() as rejects:
        rejects.write(Source(str(tmp_path / "no" / "train.tsv"), None), [reject(1)])
    assert list(tmp_path.iterdir()) == []
