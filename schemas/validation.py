"""What pydantic found wrong, as our BadInput: field, value, what is allowed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.errors import BadInput, FieldError

_WHERE = frozenset({"query", "body", "path", "header"})


def bad_input(found: Iterable[Mapping[str, Any]], names: Sequence[str] = ()) -> BadInput:
    """BadInput for `ValidationError.errors()`. `names` are the fields there are, told where one is unknown."""
    return BadInput([_field_error(error, names) for error in found])


def _field_error(error: Mapping[str, Any], names: Sequence[str]) -> FieldError:
    path = [part for part in error["loc"] if isinstance(part, str) and part not in _WHERE]
    field, value = ".".join(path) or "body", error.get("input")
    kind, message = error["type"], str(error["msg"])
    if kind == "missing":
        return FieldError(field, None, "required")
    if kind == "extra_forbidden":
        return FieldError(field, value, "a known name: " + ", ".join(names) if names else "a known name")
    if kind == "json_invalid":
        return FieldError("body", None, f"valid JSON ({error.get('ctx', {}).get('error', message)})")
    if kind == "string_pattern_mismatch":
        return FieldError(field, value, "a text with at least one letter or digit")
    if kind == "string_too_long":
        return FieldError(field, value, f"at most {error['ctx']['max_length']} characters long")
    if kind == "too_long":
        return FieldError(field, value, f"a list of at most {error['ctx']['max_length']}")
    if kind == "int_parsing_size":
        return FieldError(field, value, "a valid integer of a size that makes sense")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return FieldError(field, value, "a JSON object")
    if kind in ("enum", "literal_error"):
        return FieldError(field, value, "one of " + error["ctx"]["expected"].replace("'", "").replace(" or ", ", "))
    for start in ("Input should be ", "Value error, "):
        message = message.removeprefix(start)
    return FieldError(field, value, message[0].lower() + message[1:])
