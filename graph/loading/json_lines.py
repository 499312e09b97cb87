"""JSON lines: one object a line, with one tail or a list of tails."""

from collections.abc import Sequence
from typing import Any, cast

import orjson

from graph.loading.raw import Raw, RowRejected


def parse_json(line: bytes) -> Sequence[Raw]:
    """The rows of one JSON object: one for each element of its list of tails. Raises RowRejected."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RowRejected(f"bad JSON: {error.msg} at column {error.colno}") from None
    try:
        get = row.get
    except AttributeError:
        raise RowRejected("not a JSON object") from None
    tail = get("tail")
    if tail is None:
        tail = get("inference")
    if tail is None:
        tail = get("tails")
    p_valid = get("p_valid_model")
    recalls = (get("rec_0.5"), get("rec_0.6"), get("rec_0.7"), get("rec_0.8"), get("rec_0.9"))
    raw = Raw(
        get("head"),
        get("relation"),
        tail,
        get("p_valid") if p_valid is None else p_valid,
        (get("split"), get("valid"), recalls, get("origins"), get("critic")),
    )
    return [raw._replace(tail=one) for one in cast(list[Any], tail)] if type(tail) is list else (raw,)
