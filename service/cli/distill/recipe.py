"""Recipes from flags, output folders and files of triples, for the training commands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from graph.loading.cleaning import Filters
from graph.loading.lines import sources
from graph.loading.reader import read
from graph.tables.columns import triples_of
from schemas.errors import BadInput
from schemas.triples import Triple
from schemas.validation import bad_input

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


def recipe_of(kind: type[R], flags: Mapping[str, Any]) -> R:
    """A recipe of this kind, with its defaults for flags of None. Raises BadInput."""
    try:
        return TypeAdapter(kind).validate_python({name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise bad_input(error.errors(), [field.name for field in fields(kind)]) from None


def output_folder(out: str) -> Path:
    """The folder of --out, not created yet. Raises BadInput for a file."""
    path = Path(out)
    if path.exists() and not path.is_dir():
        raise BadInput.of("out", out, "a folder")
    return path


def read_triples(files: Sequence[str]) -> Iterator[Triple]:
    """All triples of the files. Raises BadFile."""
    for source in sources(files):
        for chunk in read(source, None, Filters(), None):
            yield from triples_of(chunk.rows)
