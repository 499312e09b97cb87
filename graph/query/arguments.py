"""Arguments that end a reader process: ladybug dies of them, in place of an error. Neo4j refuses such calls itself."""

from collections.abc import Mapping
from typing import Any

from graph.query.functions import Functions
from graph.query.structure import Frame, Structure
from graph.query.tokens import refuse

_OF_LAMBDAS = ("list_transform", "list_filter")
_NAMES = """
start_node end_node nodes rels relationships properties keys label labels type list_any_value list_reverse_sort list_sum
"""
_NOT_NULL = frozenset(_NAMES.split())
"""Functions whose first argument may be no null without a type."""
_ARROW = "-[…]-> or --> in a pattern, or a lambda as the second argument of list_transform or list_filter"


def check_arguments(found: Structure, parameters: Mapping[str, Any], functions: Functions) -> None:
    """Raises BadQuery for a lambda in a wrong place, and for null where a node, a path or a list belongs."""
    if functions.dialect != "embedded":
        return
    for n, token in enumerate(found.words):
        is_arrow = token.text == "-" and _text(found, n + 1) == ">" and _text(found, n - 1) not in ("-", "]")
        if is_arrow and not _begins_lambda(found, n):
            refuse(found.text, token.start, "->", "an arrow is out of place", _ARROW)
    for frame in found.frames:
        if frame.kind == "call" and frame.name in _NOT_NULL and _is_null(found, frame, parameters):
            first = found.words[frame.start + 1]
            refuse(found.text, first.start, first.text, f"{frame.name} of null", "a node, an edge, a path or a list")


def _begins_lambda(found: Structure, at: int) -> bool:
    """True for the arrow of x -> … or (x) -> …, the second argument of a function that takes one."""
    frame = found.frame_of[at]
    if frame.name not in _OF_LAMBDAS:
        return False
    parts = found.parts(frame.start + 1, frame.end, frame)
    if len(parts) < 2:
        return False
    names = [found.words[n] for n in range(parts[1].start, at)]
    inner = [token for token in names if token.text not in ("(", ")", ",")]
    return len(inner) == 1 and len(names) in (1, 3) and inner[0].kind in ("name", "quoted")


def _is_null(found: Structure, frame: Frame, parameters: Mapping[str, Any]) -> bool:
    first = found.words[frame.start + 1]
    if _text(found, frame.start + 2) not in (",", ")"):
        return False
    return first.word == "NULL" or (first.kind == "parameter" and parameters[first.text[1:]] is None)


def _text(found: Structure, at: int) -> str:
    return found.words[at].text if 0 <= at < len(found.words) else ""
