"""KGTK's TSV, as CSKG has it: node1, relation (or label), node2, and columns with the labels of both nodes."""

import re
from collections.abc import Sequence

from graph.loading.conceptnet import english_term
from graph.loading.lines import Source
from graph.loading.raw import NO_RECALLS, FirstLine, Layout, Raw, RowRejected, text_of
from schemas.errors import BadFile

_RELATION_COLUMNS = ("relation", "label", "predicate")
_STRING = re.compile(r"""(["'])(.*)\1(?:@[\w-]+)?""", re.DOTALL)
_UNDERSCORES = re.compile("_+")


def is_kgtk(line: bytes) -> bool:
    """True for a TSV header with node1 and node2."""
    return {b"node1", b"node2"} <= {cell.strip() for cell in line.split(b"\t")}


def kgtk_layout(source: Source, first: FirstLine) -> Layout:
    """How to read the file. Raises BadFile for missing columns."""
    names = [name.strip() for name in first.line.decode("utf-8", "replace").split("\t")]
    relation_column = next((name for name in _RELATION_COLUMNS if name in names), None)
    if "node1" not in names or "node2" not in names or relation_column is None:
        raise BadFile(source.name, "the header names no column node1, node2, or neither relation nor label")
    relation = names.index(relation_column)
    node1, node2 = names.index("node1"), names.index("node2")
    label1, label2 = (names.index(name) if name in names else None for name in ("node1;label", "node2;label"))

    def parse(line: bytes) -> Sequence[Raw]:
        cells = text_of(line).split("\t")
        if len(cells) != len(names):
            raise RowRejected(f"{len(cells)} columns, where {len(names)} are expected")
        head = _text("head", cells[node1], "" if label1 is None else cells[label1])
        tail = _text("tail", cells[node2], "" if label2 is None else cells[label2])
        return (Raw(head, cells[relation], tail, None, (source.split, None, NO_RECALLS, None, None)),)

    return Layout(parse, first.number + 1)


def _text(name: str, node: str, label: str) -> str:
    """The text of a node: its first label, else its id. Raises RowRejected for other languages of ConceptNet."""
    node = _string(node)
    node = english_term(name, node) if node.startswith("/c/") else node.removeprefix("at:")
    label = _string(label).split("|", 1)[0].strip()
    return label or (node if " " in node else _UNDERSCORES.sub(_blank, node))


def _string(cell: str) -> str:
    """The text of a quoted KGTK string, other cells as they are."""
    string = _STRING.fullmatch(cell.strip())
    return string[2] if string else cell.strip()


def _blank(underscores: re.Match[str]) -> str:
    """One underscore is a blank between words. More are a blank to be filled in, with those around it."""
    return " " if len(underscores[0]) == 1 else " ___ "
