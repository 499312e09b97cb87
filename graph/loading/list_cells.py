"""Lists of texts in one cell of a table: JSON, or a Python list as pandas writes it."""

import ast
import re
from typing import Any, cast

import orjson

from graph.loading.raw import UnreadableCell, quote
from graph.loading.tails import is_missing, is_none

_PYTHON_LIST = re.compile(r"\s*[\[(].*[\])]\s*", re.DOTALL)
_UNKNOWN_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\[^\\'\"abfnrtvxuUN0-7\n]")
"""Escapes without a meaning. Python's parser prints a warning about them."""


def elements(name: str, cell: str) -> list[Any]:
    """The elements of a list cell, unchecked.

    An empty cell has none. A bare "none" is an element of its own. Any other cell without a list is one
    UnreadableCell, so that the other cells of its row are still used.
    """
    try:
        value = orjson.loads(cell)
    except orjson.JSONDecodeError:
        value = _python_list(cell)
    if isinstance(value, list):
        return cast(list[Any], value)
    if not cell.strip() or is_missing(cell):
        return []
    return [cell if is_none(cell) else UnreadableCell(f"{name}: {quote(cell)} is no list of texts")]


def _python_list(cell: str) -> list[Any] | None:
    if not _PYTHON_LIST.fullmatch(cell) or _UNKNOWN_ESCAPE.search(cell):
        return None
    try:
        value = ast.literal_eval(cell.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return list(cast(list[Any], value)) if isinstance(value, list | tuple) else None
