"""The words of a sentence as they are written: the parser sees stand-ins for some."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_KEY = "as_written"


def remember(doc: "Doc", words: list[str]) -> None:
    """Keep the typed words with their parse."""
    doc.user_data[_KEY] = words


def words_of(doc: "Doc") -> list[str]:
    """All words of a sentence."""
    words: list[str] = doc.user_data[_KEY]
    return words


def as_written(token: "Token") -> str:
    """The typed word of a token."""
    return words_of(token.doc)[token.i]
