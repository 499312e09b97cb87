"""Messages between a service and its reader processes: four bytes of length, then JSON, or lines of rows.

JSON is that of the standard library. It takes what a stranger sends: lone surrogates, NaN, and integers of any size.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

HEADER = 4
LINES = 1 << 16
"""Bytes of lines in one message. The event loop of the service reads one at a time."""


def packed(message: Any) -> bytes:
    """A message as bytes. Raises TypeError, ValueError and RecursionError for what is no JSON."""
    return framed(json.dumps(message).encode())


def framed(body: bytes) -> bytes:
    """A body with its length."""
    return len(body).to_bytes(HEADER, "big") + body


def unpacked(body: bytes) -> Any:
    """The message of a body."""
    return json.loads(body)


def length(header: bytes) -> int:
    """Length of the message behind a header."""
    return int.from_bytes(header, "big")


def parts(lines: bytes) -> Iterator[bytes]:
    """Lines of rows as bodies of messages."""
    for start in range(0, len(lines), LINES):
        yield lines[start : start + LINES]


def read(stream: BinaryIO) -> Any:
    """The next message. None at the end."""
    header = stream.read(HEADER)
    return unpacked(stream.read(length(header))) if len(header) == HEADER else None


def write(stream: BinaryIO, *bodies: bytes) -> None:
    """Send messages at once."""
    stream.write(b"".join(bodies))
    stream.flush()
