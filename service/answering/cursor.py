"""Opaque cursors: the place of the next page of a search."""

import base64
import binascii
from typing import Any

import orjson

from schemas.errors import PageNotFound


def encode(search: str, place: str | int) -> str:
    """The cursor of a place in a search."""
    return base64.urlsafe_b64encode(orjson.dumps([search, place])).decode().rstrip("=")


def decode(cursor: str, search: str, kind: type[Any]) -> Any:
    """The place of a cursor, of type `kind`. Raises PageNotFound for a cursor of another search."""
    try:
        cursor_search, place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise PageNotFound(cursor) from None
    if cursor_search != search or type(place) is not kind or (kind is int and not 0 <= place < 2**31):
        raise PageNotFound(cursor)
    return place
