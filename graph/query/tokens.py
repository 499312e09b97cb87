"""The tokens of a Cypher text, by one pass over its characters. Joined, they are the text."""

from dataclasses import dataclass
from typing import Literal, NoReturn

from schemas.errors import BadQuery

Kind = Literal["blank", "comment", "name", "quoted", "string", "number", "parameter", "symbol"]
MAX_LENGTH = 10_000
"""Characters of a text."""
MAX_TOKENS = 2_000
"""Tokens of a text, without blanks and comments."""
_DIGITS_MOST = 40
_BLANKS = frozenset(" \t\r\n")
_SYMBOLS = frozenset("()[]{},.:;|+-*/%^=<>!&~")
_DIGITS = frozenset("0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_NAME = _FIRST | _DIGITS


@dataclass(frozen=True, slots=True)
class Token:
    """A token. start: its offset in the text."""

    kind: Kind
    text: str
    start: int

    @property
    def word(self) -> str:
        """A bare name in capitals. Empty for any other token."""
        return self.text.upper() if self.kind == "name" else ""


def refuse(text: str, start: int, value: str, message: str, allowed: str) -> NoReturn:
    """Raises BadQuery for the text at an offset. It says the line, the column and what is allowed."""
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    raise BadQuery(value, message, allowed, line, column)


def tokens(text: str) -> list[Token]:
    """All tokens, blanks and comments too. Raises BadQuery."""
    if len(text) > MAX_LENGTH:
        refuse(text, MAX_LENGTH, "", f"the query has {len(text)} characters", f"at most {MAX_LENGTH:,} characters")
    found: list[Token] = []
    start = number = 0
    while start < len(text):
        kind, end = _next(text, start)
        found.append(Token(kind, text[start:end], start))
        number += kind not in ("blank", "comment")
        if number > MAX_TOKENS:
            refuse(text, start, text[start:end], "the query is too long", f"at most {MAX_TOKENS:,} words and signs")
        start = end
    return found


def _next(text: str, start: int) -> tuple[Kind, int]:
    """Kind and end of the token at an offset."""
    char = text[start]
    following = text[start + 1 : start + 2]
    if char in _BLANKS:
        return "blank", _end(text, start, _BLANKS)
    if char in _FIRST:
        return "name", _end(text, start, _NAME)
    if char in _DIGITS or (char == "." and following in _DIGITS and following and text[start - 1 : start] != "."):
        return "number", _number_end(text, start)
    if char in "'\"":
        return "string", _string_end(text, start)
    if char == "`":
        return "quoted", _quoted_end(text, start)
    if char == "$":
        if following not in _FIRST or not following:
            refuse(text, start, text[start : start + 2], "a parameter has no name", "$name, of letters, digits and _")
        return "parameter", _end(text, start + 1, _NAME)
    if char == "/" and following in ("/", "*") and following:
        return "comment", _comment_end(text, start)
    if char in _SYMBOLS:
        return "symbol", start + (2 if char == following == "." else 1)
    what = "a unicode escape" if char == "\\" else f"the character U+{ord(char):04X}"
    refuse(
        text, start, char, f"{what} stands outside strings", "ASCII letters, digits, signs and blanks outside strings"
    )


def _end(text: str, start: int, chars: frozenset[str]) -> int:
    end = start + 1
    while end < len(text) and text[end] in chars:
        end += 1
    return end


def _number_end(text: str, start: int) -> int:
    """End of an integer, or of a decimal. A range 1..3 is no decimal."""
    end = start
    while end < len(text) and text[end] in _DIGITS:
        end += 1
    if text[end : end + 1] == "." and text[end + 1 : end + 2] in _DIGITS and text[end + 1 : end + 2]:
        end = _end(text, end, _DIGITS)
    if text[end : end + 1] in ("e", "E"):
        sign = end + 1 + (text[end + 1 : end + 2] in ("+", "-") and bool(text[end + 1 : end + 2]))
        if text[sign : sign + 1] in _DIGITS and text[sign : sign + 1]:
            end = _end(text, sign, _DIGITS)
    if end - start > _DIGITS_MOST:
        refuse(text, start, text[start : start + 20], "a number is too long", f"at most {_DIGITS_MOST} digits")
    if text[end : end + 1] in _NAME and text[end : end + 1]:
        refuse(text, start, text[start : end + 1], "a number ends in a letter", "decimal numbers, such as 12 or 0.5")
    return end


def _string_end(text: str, start: int) -> int:
    quote = text[start]
    end = start + 1
    while end < len(text) and text[end] != quote:
        char = text[end]
        if char == "\0" or "\ud800" <= char <= "\udfff":
            refuse(text, end, "", f"the character U+{ord(char):04X} is in a string", "text of any other characters")
        if char == "\\":
            _check_escape(text, end)
            end += 1
        end += 1
    if end >= len(text):
        refuse(text, start, text[start : start + 20], "a string has no end", f"a closing {quote}")
    return end + 1


def _check_escape(text: str, start: int) -> None:
    r"""Neo4j reads \uXXXX before it looks for the end of a string, even behind another backslash."""
    if text[start + 1 : start + 2] == "\\" and text[start + 2 : start + 3] in ("u", "U"):
        refuse(text, start, text[start : start + 3], "a backslash stands before an escape", "the character itself")
    if text[start + 1 : start + 2] not in ("u", "U"):
        return
    digits = text[start + 2 : start + 6]
    if text[start + 1] == "U" or len(digits) < 4 or not _HEX.issuperset(digits):
        refuse(
            text, start, text[start : start + 6], "a unicode escape is malformed", r"\uXXXX, or the character itself"
        )
    char = chr(int(digits, 16))
    if char in "'\"`\\" or not char.isprintable():
        refuse(text, start, text[start : start + 6], "a unicode escape stands for a sign", "the character itself")


def _quoted_end(text: str, start: int) -> int:
    end = start + 1
    while end < len(text) and text[end] != "`":
        if not text[end].isprintable() or text[end] == "\\":
            what = "a unicode escape" if text[end] == "\\" else f"the character U+{ord(text[end]):04X}"
            refuse(text, end, text[end], f"{what} is in a quoted name", "printable characters without \\")
        end += 1
    if end >= len(text):
        refuse(text, start, text[start : start + 20], "a quoted name has no end", "a closing `")
    if end == start + 1 or text[end + 1 : end + 2] == "`":
        refuse(text, start, text[start : end + 2], "a quoted name is empty, or has a ` in it", "a name without `")
    return end + 1


def _comment_end(text: str, start: int) -> int:
    if text[start + 1] == "*":
        end = text.find("*/", start + 2)
        if end < 0:
            refuse(text, start, text[start : start + 20], "a comment has no end", "a closing */")
        end += 2
    else:
        end = start
        while end < len(text) and text[end] not in "\r\n":
            end += 1
    if (at := text.find("\\", start, end)) >= 0:
        refuse(text, at, text[at : at + 2], "a unicode escape stands outside strings", "comments without \\")
    return end
