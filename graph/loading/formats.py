"""The file formats of `cometgraph load`, and how each is told from the first line of a file.

- atomic10x: JSON lines of ATOMIC-10x (West et al., 2022), with `inference` or `p_valid_model`.
- atomic2020: TSV of ATOMIC-2020 (Hwang et al., 2021), with or without a header.
- atomic2019: CSV of ATOMIC (Sap et al., 2019), one column of tails a relation.
- triples: our own JSON lines, with one tail or a list of tails.
- table: triples in other delimited text, named by a header or by `--columns`.
- kgtk: TSV of KGTK and CSKG.
- conceptnet: the dump of ConceptNet 5.
"""

from graph.loading.atomic2019 import atomic2019_layout, is_atomic2019
from graph.loading.conceptnet import conceptnet_layout, is_conceptnet
from graph.loading.json_lines import parse_json
from graph.loading.kgtk import is_kgtk, kgtk_layout
from graph.loading.lines import Block, Source
from graph.loading.raw import FirstLine, Layout
from graph.loading.tables import check_columns, is_table, table_layout
from schemas.errors import BadFile, BadInput

FORMATS = ("atomic10x", "atomic2020", "atomic2019", "triples", "table", "kgtk", "conceptnet")
NAMED_BY_FILE = ("triples", "table")
"""Formats of many data sets: the name of the file, not of the format, is their origin."""

_TABLES = ("atomic2020", "table")


def check_format(name: str | None, columns: str | None = None) -> None:
    """Check the values of `--format` and `--columns`. Raises BadInput."""
    if name is not None and name not in FORMATS:
        raise BadInput.of("format", name, "one of " + ", ".join(FORMATS))
    if columns is not None:
        check_columns(columns)
        if name is not None and name not in _TABLES:
            raise BadInput.of("columns", columns, f"possible with --format {name}: only " + " and ".join(_TABLES))


def first_line(source: Source, block: Block) -> FirstLine:
    """The first line with a text. Raises BadFile for an over-long one."""
    for number, line in enumerate(block.lines, block.first):
        if line is None:
            raise BadFile(source.name, "the first line is too long to be one of a known format")
        if line.strip():
            return FirstLine(number, line.rstrip(b"\r"))
    return FirstLine(block.first, b"")


def sniff(source: Source, line: bytes, columns: str | None) -> str:
    """The format of a file by its first line. Raises BadFile for an unknown one."""
    if b"\0" in line:
        kind = "UTF-16 without its mark" if line[1::2].count(b"\0") * 4 > len(line) else "binary"
        raise BadFile(source.name, f"{kind}, where UTF-8 text is expected")
    text = line.lstrip()
    if text.startswith(b"[") and b"\t" not in line:
        raise BadFile(source.name, "a JSON array, where one object a line is expected (jq -c '.[]' makes it so)")
    if text.startswith(b"{"):
        if columns is not None:
            raise BadFile(source.name, "JSON lines, whose members have names: --columns is for delimited text")
        return "atomic10x" if b'"inference"' in line or b'"p_valid_model"' in line else "triples"
    if columns is not None:
        return "table"
    if b"\t" in line:
        return "kgtk" if is_kgtk(line) else "conceptnet" if is_conceptnet(line) else "atomic2020"
    if is_atomic2019(line):
        return "atomic2019"
    if is_table(line):
        return "table"
    known = ", ".join(FORMATS)
    raise BadFile(source.name, f"no known format ({known}); name it by --format, or its columns by --columns")


def layout(format: str, source: Source, first: FirstLine, columns: str | None) -> Layout:
    """How to read a file of a format. Raises BadFile for missing columns, BadInput for bad `columns`."""
    if format in _TABLES:
        return table_layout(source, first, None if columns is None else check_columns(columns))
    if format == "atomic2019":
        return atomic2019_layout(source, first)
    if format == "kgtk":
        return kgtk_layout(source, first)
    if format == "conceptnet":
        return conceptnet_layout(source, first)
    return Layout(parse_json)
