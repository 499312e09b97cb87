"""ConceptNet 5's dump: assertion, relation, start, end and a JSON object, with tabs between them."""

import re
from collections.abc import Sequence

from graph.loading.lines import Source
from graph.loading.raw import NO_RECALLS, FirstLine, Layout, Raw, RowRejected, quote, text_of

_COLUMNS = 5
_ENGLISH = re.compile(r"/c/en/([^/]+)(?:/.*)?")


def is_conceptnet(line: bytes) -> bool:
    """True for a line of the dump."""
    cells = line.split(b"\t")
    return len(cells) == _COLUMNS and cells[0].startswith(b"/a/") and cells[1].startswith(b"/r/")


def conceptnet_layout(source: Source, first: FirstLine) -> Layout:
    """How to read the dump. It has no header, no splits, and scores on another scale."""

    def parse(line: bytes) -> Sequence[Raw]:
        cells = text_of(line).split("\t")
        if len(cells) != _COLUMNS:
            raise RowRejected(f"{len(cells)} columns, where {_COLUMNS} are expected")
        _, relation, start, end, _ = cells
        provenance = (source.split, None, NO_RECALLS, None, None)
        return (Raw(english_term("head", start), relation, english_term("tail", end), None, provenance),)

    return Layout(parse, first.number)


def english_term(name: str, concept: str) -> str:
    """The words of a concept: "apple pie" for /c/en/apple_pie/n. Raises RowRejected for other languages."""
    term = _ENGLISH.fullmatch(concept.strip())
    if term is None:
        raise RowRejected(f"{name}: {quote(concept)} is not in English (/c/en/)")
    return term[1].replace("_", " ")
