"""Compressed files are read or refused by name, and so are other encodings and line ends."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from graph.loading.lines import sources
from schemas.errors import BadFile
from tests.support.loading import rows_of

ROW = b"PersonX waits\txWant\tto go\n"
GO = ("PersonX waits", "xWant", "to go")


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("train.tsv", ROW)
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("train.tsv")
        member.size = len(ROW)
        archive.addfile(member, io.BytesIO(ROW))
    return out.getvalue()


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, bz2.compress])
@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.xz"])
def test_a_compressed_file_is_read_whatever_its_name(
    tmp_path: Path, compress: Callable[[bytes], bytes], name: str
) -> None:
    rows = rows_of(tmp_path / name, compress(ROW * 3))
    assert rows.triples == [GO] * 3


def test_a_folder_has_compressed_files(tmp_path: Path) -> None:
    names = ["dev.tsv.xz", "test.csv.bz2", "train.jsonl.gz", "x.tsv"]
    for name in [*names, "a.zip", "a.tgz", "a.tsv.rejected.jsonl"]:
        (tmp_path / name).touch()
    inputs = sources([str(tmp_path)])
    assert [(Path(source.name).name, source.split, source.stem) for source in inputs] == [
        ("dev.tsv.xz", "dev", "dev"),
        ("test.csv.bz2", "test", "test"),
        ("train.jsonl.gz", "train", "train"),
        ("x.tsv", None, "x"),
    ]


LINES = b"".join(b"PersonX waits %d\txWant\tto go %d\n" % (n, n * 7919) for n in range(20_000))
REFUSED = {
    "a zip archive": _zip(),
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "a tar archive": _tar(),
    "a tar archive: unpack it first": gzip.compress(_tar()),
    "a tar archive: unpack it": lzma.compress(_tar()),
    "zstd": b"\x28\xb5\x2f\xfd\x04\0",
    "Parquet": b"PAR1\x15\x04",
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
    "UTF-16 text": ROW.decode().encode("utf-16"),
    "UTF-32": ROW.decode().encode("utf-32"),
    "CR alone": (ROW * 3).replace(b"\n", b"\r"),
    "CR alone, as": (LINES * 4).replace(b"\n", b"\r"),
    "truncated gzip after line": gzip.compress(LINES)[:-1000],
    "truncated xz after line": lzma.compress(LINES)[:-1000],
    "truncated bz2 after line": bz2.compress(LINES)[:-1000],
    "damaged or truncated bz2": bz2.compress(LINES)[:1000] + bytes(1000) + bz2.compress(LINES)[2000:],
}


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("format", [None, "atomic2020"])
def test_other_files_are_refused_by_name(tmp_path: Path, reason: str, format: str | None) -> None:
    with pytest.raises(BadFile, match=reason):
        rows_of(tmp_path / "a.tsv", REFUSED[reason], format)


def test_zeros_in_the_first_line_are_no_text(tmp_path: Path) -> None:
    for data, reason in ((ROW.decode().encode("utf-16-le"), "UTF-16 without its mark"), (bytes(range(256)), "binary")):
        with pytest.raises(BadFile, match=reason):
            rows_of(tmp_path / "a.tsv", data)


def test_a_single_line_may_end_in_cr(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "a.tsv", ROW[:-1] + b"\r").triples == [GO]
