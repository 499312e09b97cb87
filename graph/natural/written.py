"""The words of a sentence as they are written: the parser sees stand-ins for some."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_KEY = "as_written"


def remember(doc: "Doc", words: list[str]) -> None:
    doc.user_data[_KEY] = words


def words_of(doc: "Doc") -> list[str]:
    words: list[str] = doc.user_data[_KEY]
    return words


def as_written(token: "Token") -> str:
    return words_of(token.doc)[token.i]
