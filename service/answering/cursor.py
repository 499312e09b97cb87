"""Opaque cursors: where the next page of a search begins."""

import base64
import binascii
from typing import Any

import orjson

from schemas.errors import PageNotFound


def encode(search: str, place: str | int) -> str:
    """A cursor for the search that goes on at `place`."""
    return base64.urlsafe_b64encode(orjson.dumps([search, place])).decode().rstrip("=")


def decode(cursor: str, search: str, kind: type[Any]) -> Any:
    """The place where the search goes on. Raises PageNotFound for a cursor that this search did not give."""
    try:
        said, place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise PageNotFound(cursor) from None
    if said != search or type(place) is not kind or (kind is int and not 0 <= place < 2**31):
        raise PageNotFound(cursor)
    return place
