"""Problem documents (RFC 9457), and the model of a route without parameters."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from schemas.errors import FieldError
from schemas.openapi import ATTRIBUTE_DOCSTRINGS


class NoParameters(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in the form of RFC 9457."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    type: str
    """Path of the error's entry on the page /docs/errors."""
    title: str
    """Short phrase for the class of error."""
    status: int
    """HTTP status."""
    detail: str
    """Description of the single case."""
    errors: list[FieldError] | None = None
    """The wrong fields, for status 422."""
