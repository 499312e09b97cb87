"""Messages between a service and its reader processes: four bytes of length, then JSON."""

from typing import Any, BinaryIO

import orjson

HEADER = 4
ROWS = 200
"""Rows of one message. The event loop of the service reads one at a time."""


def packed(message: Any) -> bytes:
    """A message as bytes."""
    body = orjson.dumps(message)
    return len(body).to_bytes(HEADER, "big") + body


def unpacked(body: bytes) -> Any:
    """The message of a body."""
    return orjson.loads(body)


def length(header: bytes) -> int:
    """Length of the message behind a header."""
    return int.from_bytes(header, "big")


def read(stream: BinaryIO) -> Any:
    """The next message. None at the end."""
    header = stream.read(HEADER)
    return unpacked(stream.read(length(header))) if len(header) == HEADER else None


def write(stream: BinaryIO, message: Any) -> None:
    """Send a message at once."""
    stream.write(packed(message))
    stream.flush()
