"""Validation errors of pydantic as BadInput."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.errors import BadInput, FieldError
from schemas.events import LETTER

_PLACES = frozenset({"query", "body", "path", "header"})
_ALLOWED = {
    "int_parsing": "a valid integer",
    "int_parsing_size": "a valid integer of a size that makes sense",
    "float_parsing": "a valid number",
    "bool_parsing": "true or false",
    "string_too_short": "a text of {min_length} or more characters",
    "string_too_long": "at most {max_length} characters long",
    "too_long": "a list of at most {max_length}",
    "model_type": "a JSON object",
    "model_attributes_type": "a JSON object",
    "dict_type": "a JSON object",
}
"""The allowed values by pydantic's type of error, in plainer words than its message."""


def bad_input(errors: Iterable[Mapping[str, Any]], names: Sequence[str] = ()) -> BadInput:
    """`ValidationError.errors()` as BadInput.

    names: all fields of the model, for the message about an unknown one.
    """
    return BadInput([_field_error(error, names) for error in errors])


def _field_error(error: Mapping[str, Any], names: Sequence[str]) -> FieldError:
    path = [part for part in error["loc"] if isinstance(part, str) and part not in _PLACES]
    field, value = ".".join(path) or "body", error.get("input")
    kind, message, context = error["type"], str(error["msg"]), error.get("ctx", {})
    if kind == "missing":
        return FieldError(field, None, "required")
    if kind == "extra_forbidden":
        return FieldError(field, value, "a known name: " + ", ".join(names) if names else "a known name")
    if kind == "json_invalid":
        return FieldError("body", None, f"valid JSON ({context.get('error', message)})")
    if kind == "string_pattern_mismatch":
        return FieldError(field, value, _match_of(context["pattern"]))
    if kind in ("enum", "literal_error"):
        return FieldError(field, value, "one of " + context["expected"].replace("'", "").replace(" or ", ", "))
    if kind in _ALLOWED:
        return FieldError(field, value, _ALLOWED[kind].format_map(context))
    for start in ("Input should be ", "Value error, "):
        message = message.removeprefix(start)
    return FieldError(field, value, message[0].lower() + message[1:])


def _match_of(pattern: str) -> str:
    if pattern == LETTER:
        return "a text with at least one letter or digit"
    return f"a text of the form {pattern.removeprefix('^').removesuffix('$')}"
