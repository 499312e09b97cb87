"""The first fence of strangers' Cypher: the text. It refuses, or returns what the store may run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.query.arguments import check_arguments
from graph.query.functions import Dialect, Functions
from graph.query.grammar import structure_of
from graph.query.limits import check_limits
from graph.query.parameters import check_parameters
from graph.query.structure import Structure
from graph.query.tokens import Token, refuse, tokens

_SHOWN = 20
"""Names of parameters in a refusal."""
_OF_RETURN = ("ORDER", "SKIP", "LIMIT")


@dataclass(frozen=True, slots=True)
class Statement:
    """A text that passed.

    parameters: the values that the text still names.
    columns: the names of the columns, as written. None: those of the store (RETURN *).
    """

    text: str
    parameters: dict[str, Any]
    columns: list[str] | None


def fenced(text: str, parameters: Mapping[str, Any], dialect: Dialect, rows: int) -> Statement:
    """The statement of a stranger's text, with at most rows + 1 rows. Its lines and columns stay.

    Raises BadQuery for everything outside the lists and the limits, and BadInput for parameters.
    """
    check_parameters(parameters)
    all_tokens = tokens(text)
    words = [token for token in all_tokens if token.kind not in ("blank", "comment")]
    if words and words[-1].text == ";":
        words.pop()
    if not words:
        refuse(text, 0, "", "the query is empty", "a query, such as MATCH (e:Event) RETURN e.text")
    functions = Functions(dialect)
    found = structure_of(text, words, functions)
    _check_end(found)
    _check_names(found, parameters)
    check_limits(found, parameters)
    check_arguments(found, parameters, functions)
    written = _functions(found, functions) | _limited(found, parameters, rows)
    kept = {token.start for token in words}
    parts = [written.get(one.start, one.text) if one.start in kept else _blank(one) for one in all_tokens]
    used = {one.text[1:] for one in words if written.get(one.start, one.text).startswith("$")}
    return Statement(
        "".join(parts).rstrip(), {name: value for name, value in parameters.items() if name in used}, _columns(found)
    )


def _check_end(found: Structure) -> None:
    """The text ends in a RETURN: a reader has nothing else to do."""
    clauses = [clause for clause in found.clauses if clause.frame.kind == "text"]
    last = next((clause for clause in reversed(clauses) if clause.word not in _OF_RETURN), clauses[0])
    if last.word != "RETURN":
        token = found.words[last.start]
        refuse(found.text, token.start, token.text, "the query has no RETURN at its end", "RETURN …")


def _check_names(found: Structure, parameters: Mapping[str, Any]) -> None:
    """Every parameter of the text has a value, and every value a parameter: ladybug reads a missing one as null."""
    used = {token.text[1:]: token for token in found.words if token.kind == "parameter"}
    for name, token in used.items():
        if name not in parameters:
            given = _names(parameters) or "none"
            refuse(found.text, token.start, token.text, "the parameter has no value", f"the parameters given: {given}")
    unknown = sorted(parameters.keys() - used)
    if unknown:
        allowed = _names(used) or "no parameters"
        refuse(found.text, 0, unknown[0][:80], "the query has no parameter of this name", allowed)


def _names(names: Iterable[str]) -> str:
    """Names as a text has them, of many only the first."""
    shown = sorted(names)[: _SHOWN + 1]
    return ", ".join([*(f"${name[:80]}" for name in shown[:_SHOWN]), *(["…"] if len(shown) > _SHOWN else [])])


def _functions(found: Structure, functions: Functions) -> dict[int, str]:
    """The functions by their offsets, in the dialect of the store."""
    pairs = zip(found.words, found.roles, strict=True)
    return {token.start: functions.written(token.text) for token, role in pairs if role == "function"}


def _blank(token: Token) -> str:
    """A comment or a final ; as blanks, so that no store reads it and positions stay."""
    return "".join(char if char in "\r\n\t" else " " for char in token.text)


def _limited(found: Structure, parameters: Mapping[str, Any], rows: int) -> dict[int, str]:
    """The end of the result with a LIMIT behind it, or a lower limit, by offset.

    A UNION stays as it is: it has to see all rows of its parts, and its reader stops at the limit.
    """
    clauses = [clause for clause in found.clauses if clause.frame.kind == "text"]
    if any(clause.word == "UNION" for clause in clauses):
        return {}
    if clauses[-1].word != "LIMIT":
        last = found.words[-1]
        return {last.start: f"{last.text} LIMIT {rows + 1}"}
    token = found.words[clauses[-1].start + 1]
    number = parameters[token.text[1:]] if token.kind == "parameter" else int(token.text)
    return {token.start: str(rows + 1)} if number > rows else {}


def _columns(found: Structure) -> list[str] | None:
    """The columns of the last RETURN of the text."""
    clause = next(one for one in reversed(found.clauses) if one.word == "RETURN" and one.frame.kind == "text")
    start = clause.start + 1 + (found.words[clause.start + 1].word == "DISTINCT")
    parts = found.parts(start, found.end_of(clause), clause.frame)
    if any(found.roles[part[0]] == "star" for part in parts):
        return None
    return [
        found.words[part[-1]].text.strip("`") if found.roles[part[-1]] == "alias" else found.source(part)
        for part in parts
    ]
