"""The parameters of strangers' Cypher."""

from collections.abc import Mapping
from typing import Any, cast

from schemas.errors import BadInput

ELEMENTS = 10_000
"""Values in all parameters."""
CHARACTERS = 1_000
"""Characters of a text."""
_DEPTH = 5
_INTEGERS = range(-(2**63), 2**63)
_ALLOWED = (
    f"null, true, false, 64-bit integers, numbers, texts of at most {CHARACTERS:,} characters, and lists and objects "
    f"of them, {ELEMENTS:,} values in all"
)


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Raises BadInput for a value that no store takes, and for too many or too large ones."""
    values = [(name, one, 0) for name, value in parameters.items() for one in (name, value)]
    number = 0
    while values:
        name, value, depth = values.pop()
        number += 1
        if number > ELEMENTS or depth > _DEPTH or not _is_allowed(value):
            raise BadInput.of("parameters", name, _ALLOWED, f"parameters: {name[:80]!r} is not one of: {_ALLOWED}")
        if isinstance(value, Mapping):
            pairs = cast(Mapping[str, Any], value).items()
            values += [(name, one, depth + 1) for pair in pairs for one in pair]
        elif isinstance(value, list):
            values += [(name, one, depth + 1) for one in cast(list[Any], value)]


def _is_allowed(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= CHARACTERS and "\0" not in value and (value.isascii() or _has_no_surrogate(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return value in _INTEGERS
    if isinstance(value, float):
        return value - value == 0  # finite
    return value is None or isinstance(value, bool | list | Mapping)


def _has_no_surrogate(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
