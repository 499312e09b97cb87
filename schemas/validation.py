"""Errors of pydantic as BadInput: field, value, allowed values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.errors import BadInput, FieldError
from schemas.events import LETTER

_WHERE = frozenset({"query", "body", "path", "header"})
_ALLOWED = {
    "missing": "required",
    "int_type": "a valid integer",
    "int_parsing": "a valid integer",
    "int_parsing_size": "a valid integer of a size that makes sense",
    "float_type": "a valid number",
    "float_parsing": "a valid number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "model_type": "a JSON object",
    "model_attributes_type": "a JSON object",
    "dict_type": "a JSON object",
}
"""By kind of error. pydantic's own words for these do not continue the sentence "… is not …"."""


def bad_input(errors: Iterable[Mapping[str, Any]], names: Sequence[str] = ()) -> BadInput:
    """BadInput for `ValidationError.errors()`.

    names: all fields, listed in the error of an unknown one beside them.
    """
    return BadInput([_field_error(error, names) for error in errors])


def _field_error(error: Mapping[str, Any], names: Sequence[str]) -> FieldError:
    if error["type"] == "json_invalid":
        return FieldError("body", None, _allowed(error, names))
    path = [part for part in error["loc"] if isinstance(part, str) and part not in _WHERE]
    value = None if error["type"] == "missing" else error.get("input")
    return FieldError(".".join(path) or "body", value, _allowed(error, names if len(path) == 1 else ()))


def _allowed(error: Mapping[str, Any], names: Sequence[str]) -> str:
    kind, message, context = error["type"], str(error["msg"]), error.get("ctx", {})
    if kind in _ALLOWED:
        return _ALLOWED[kind]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return "a known name: " + ", ".join(names) if names else "a known name"
    if kind == "json_invalid":
        return f"valid JSON ({context.get('error', message)})"
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return "a text with at least one letter or digit" if pattern == LETTER else f"a text like {pattern}"
    if kind == "string_too_short":
        return f"a text of at least {context['min_length']} characters" if context["min_length"] > 1 else "a text"
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters long"
    if kind == "too_long":
        return f"a list of at most {context['max_length']}"
    if kind in ("enum", "literal_error"):
        return "one of " + context["expected"].replace("'", "").replace(" or ", ", ")
    for start in ("Input should be ", "Value error, "):
        message = message.removeprefix(start)
    return message[0].lower() + message[1:]
