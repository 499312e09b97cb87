"""Compressed files: gzip, xz and bz2 are decompress while they are read, other containers are refused by name."""

import bz2
import gzip
import lzma
import zlib
from typing import BinaryIO, cast

from schemas.errors import BadFile

COMPRESSED = (".gz", ".xz", ".bz2")
"""Suffixes of compressed files in a folder. A file's own compression is told from its first bytes."""
DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)
"""Errors of damaged or truncated compressed data. bz2 raises a plain OSError without a number."""

_PEEK = 32
_BZ2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
_TAR = slice(257, 262)
_UTF16 = "UTF-16 text: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"
_REFUSED = {
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"PK\x05\x06": "an empty zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it first",
    b"Rar!": "a rar archive: unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it first (zstd -d)",
    b"\x04\x22\x4d\x18": "compressed with lz4: unpack it first (lz4 -d)",
    b"\x1f\x9d": "compressed with compress: unpack it first (uncompress)",
    b"PAR1": "a Parquet file: write it as JSON lines or CSV first",
    b"ARROW1": "an Arrow file: write it as JSON lines or CSV first",
    b"SQLite format 3\0": "a SQLite database: write it as JSON lines or CSV first",
    b"version https://git-lfs": "a Git LFS pointer: fetch the file itself first (git lfs pull)",
    b"\xff\xfe\0\0": "UTF-32 text: convert it to UTF-8 first (iconv -f UTF-32 -t UTF-8)",
    b"\0\0\xfe\xff": "UTF-32 text: convert it to UTF-8 first (iconv -f UTF-32 -t UTF-8)",
    b"\xff\xfe": _UTF16,
    b"\xfe\xff": _UTF16,
}


class CountingReader:
    """A binary stream with a look at its first bytes and a count of the bytes read, for progress."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._ahead = b""
        self.position = 0

    def peek(self, size: int) -> bytes:
        """The first bytes, left in the stream."""
        self._ahead = self._raw.read(size)
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        """The next bytes, as a binary file's read."""
        if not self._ahead:
            data = self._raw.read(size)
        elif 0 <= size < len(self._ahead):
            data, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            data, self._ahead = self._ahead, b""
            data += self._raw.read(size - len(data) if size >= 0 else -1)
        self.position += len(data)
        return data


def decompress(reader: CountingReader) -> tuple[BinaryIO, str | None]:
    """The plain bytes of a stream, and the name of its compression (None: not compressed)."""
    magic, file = reader.peek(_PEEK), cast(BinaryIO, reader)
    if magic.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file)), "gzip"
    if magic.startswith(b"\xfd7zXZ\0"):
        return cast(BinaryIO, lzma.LZMAFile(file)), "xz"
    if magic.startswith(b"BZh") and magic[4:10] in _BZ2_BLOCKS:
        return cast(BinaryIO, bz2.BZ2File(file)), "bz2"
    return file, None


def check_text(data: bytes, name: str) -> None:
    """Refuse a file by the beginning of its plain bytes. Raises BadFile for archives, UTF-16 and CR line ends."""
    for magic, reason in _REFUSED.items():
        if data.startswith(magic):
            raise BadFile(name, reason)
    if data[_TAR] == b"ustar":
        raise BadFile(name, "a tar archive: unpack it first (tar -xf)")
    if b"\n" not in data and b"\r" in data.rstrip(b"\r"):
        raise BadFile(name, "lines end in CR alone, as on an old Macintosh: convert them first (tr '\\r' '\\n')")
