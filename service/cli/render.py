"""`cometgraph render`."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from graph.loading.cleaning import Filters
from graph.loading.lines import Source, sources
from graph.loading.reader import Reject, read
from graph.tables.columns import KEY, RELATION_CODE
from graph.verbalize import Cast, statement
from schemas.errors import BadInput
from schemas.relations import Relation
from schemas.triples import View
from service.cli.progress import progress_bar

_RELATIONS = {code: Relation(name) for name, code in RELATION_CODE.items()}
_PERSONS = ("PersonX", "PersonY", "PersonZ")


@click.command()
@click.argument("file")
@click.option("--person", metavar="NAME", default="third", help="Grammatical person: third, or first for PersonX.")
@click.option(
    "--role", "roles", multiple=True, metavar="PERSON=NAME", help="Name of a person, as in 'PersonX=Maria (she)'."
)
@click.option("--format", metavar="NAME", help="Format of FILE, as for `load`; else detected.")
@click.option("--columns", metavar="NAMES", help="Columns of a TSV or CSV file, such as head,relation,tail.")
def render(file: str, person: str, roles: Sequence[str], format: str | None, columns: str | None) -> int:
    """Print triples of a file as English sentences.

    One sentence a line, in the order of FILE, which `load` reads, too. - is standard input. Rejected rows are counted.
    The exit code is 1 if all rows are rejected.
    """
    cast = Cast(_view(person), dict(_role(role) for role in roles))
    [source, *others] = sources([file])
    rejects: list[Reject] = []
    count = 0
    for one in (source, *others):
        for sentences in _sentences(one, cast, format, columns, rejects):
            count += len(sentences)
            click.echo("\n".join(sentences))
    if rejects:
        first = f"line {rejects[0].line}: {rejects[0].reason}"
        click.echo(f"cometgraph: rows rejected: {len(rejects):,}, the first is {first}", err=True)
    return 1 if rejects and not count else 0


def _sentences(
    source: Source, cast: Cast, format: str | None, columns: str | None, rejects: list[Reject]
) -> Iterator[list[str]]:
    """The sentences of a source, in chunks. Rejected rows are added to `rejects`."""
    total = source.path.stat().st_size if source.path is not None else 0
    with progress_bar() as progress:
        for chunk in read(source, format, Filters(), None, columns):
            rejects += chunk.rejects
            values: list[list[Any]] = [chunk.rows.column(name).to_pylist() for name in KEY]
            rows = zip(*values, strict=True)
            if chunk.rows.num_rows:
                yield [statement(head, _RELATIONS[code], [tail], cast) for head, code, tail in rows]
            progress("reading", chunk.position, total)


def _view(person: str) -> View:
    if person not in ("third", "first"):
        raise BadInput.of("person", person, "third or first")
    return "first" if person == "first" else "third"


def _role(text: str) -> tuple[str, str]:
    person, _, name = text.partition("=")
    if person not in _PERSONS or not name.strip():
        raise BadInput.of("role", text, "PERSON=NAME with PersonX, PersonY or PersonZ")
    return person, name
