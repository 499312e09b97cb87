"""Descriptions of response members in the OpenAPI document: the docstring below each member."""

from pydantic import ConfigDict

ATTRIBUTE_DOCSTRINGS = ConfigDict(use_attribute_docstrings=True)
"""The `__pydantic_config__` of a response."""
