"""Problem documents (RFC 9457), and the parameters of a route without any."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from schemas.errors import FieldError


class NoParameters(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Problem:
    """RFC 9457: what went wrong."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
