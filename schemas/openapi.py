"""Hints for the OpenAPI document, at the types that it describes.

Errors have hints, too, and reader processes (graph/query/child.py) raise errors. Pydantic doubles their start.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler

ATTRIBUTE_DOCSTRINGS: "ConfigDict" = {"use_attribute_docstrings": True}
"""The `__pydantic_config__` of a response: the docstring below a member describes it."""


@dataclass(frozen=True, slots=True)
class SchemaOf:
    """The schema of a model, at an item of a batch. The service validates items later: each has an error of its own."""

    model: "type[BaseModel]"

    def __get_pydantic_json_schema__(self, _: Any, handler: "GetJsonSchemaHandler") -> dict[str, Any]:
        from pydantic_core import core_schema

        # Inside of another schema it becomes a reference by name. Alone it would be written out.
        return handler(core_schema.list_schema(self.model.__pydantic_core_schema__))["items"]
