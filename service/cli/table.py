"""Tables on standard output."""

from collections.abc import Collection, Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

_CONTROL_CHARACTERS = dict.fromkeys((*range(32), *range(127, 160)), "\N{REPLACEMENT CHARACTER}")
"""A cell with them could change the terminal's state, or break its row."""


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    unwrapped: Collection[int] = (),
    right: Collection[int] = (),
) -> None:
    """Print rows of plain text. Brackets and colons stay as they are: no text is read as markup or emoji.

    title: a line above the table, or empty.
    columns: headings, all of them empty for a table without headings.
    unwrapped: numbers of the columns with lines that never break.
    right: numbers of the columns aligned to the right.
    """
    if title:
        click.echo(_plain(title).plain)  # not rich's own title, which breaks at the width of the table
    table = Table(box=None, pad_edge=False, show_header=any(columns))
    for number, column in enumerate(columns):
        justify = "right" if number in right else "left"
        table.add_column(_plain(column), no_wrap=number in unwrapped, justify=justify)
    for row in rows:
        table.add_row(*map(_plain, row))
    Console().print(table)


def _plain(text: str) -> Text:
    return Text(text.translate(_CONTROL_CHARACTERS))
