"""Files for `neo4j-admin database import full`, the fastest way to load a large graph into an empty Neo4j.

The folder gets one CSV file per label and edge type, and `import.args` with the arguments of the command.
"""

import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from graph.atomic_write import atomic_write
from graph.links import READINGS, Tail, best_links, phrase, table_of_links
from graph.stores.tails import tails_of_rows
from graph.tables.columns import PROPERTIES, properties
from graph.tables.edges import AS_EVENT, EDGE_TABLES, NOT_APPLICABLE, by_edge_table, ends
from graph.tables.merge import Counts, merge
from graph.tables.staging import Staging
from schemas.errors import BadInput
from schemas.progress import Progress
from schemas.relations import RELATIONS
from schemas.triples import NONE

ARGUMENTS = "import.args"
_LIST = "\x1f"
_TYPES = {
    "p_valid": ":double",
    "split": ":string",
    "valid": ":byte",
    "log_prob": ":double",
    "origins": ":string[]",
    "critic": ":string",
}


def write_offline(staging: Staging, folder: Path, min_link: float, progress: Progress) -> Counts:
    """Write the rows of a load to `folder`, `import.args` last: its existence means complete files.

    min_link: the minimum confidence of a link.

    Raises BadInput without write permission.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput.of("offline", str(folder), f"a writable folder ({error.strerror})") from error
    (folder / ARGUMENTS).unlink(missing_ok=True)
    counts = Counts()
    tails_to_link: dict[Tail, None] = {}
    tails, events = pa.array([], pa.string()), list[pa.Array]()
    writers = {name: _writer(folder, name, _edge_schema(name)) for name in EDGE_TABLES}
    for done, part in enumerate(staging.read()):
        progress("writing the files", done, staging.parts)
        merged = merge(part.stored, part.incoming)
        counts += merged.counts
        events.append(pc.unique(merged.rows.column("head")))
        tails = pc.unique(pa.concat_arrays([tails, pc.unique(merged.rows.column("tail"))]))
        tails_to_link |= dict.fromkeys(tails_of_rows(merged.rows))
        _write_edges(writers, merged.rows)
    for writer in writers.values():
        writer.close()
    heads = pa.concat_arrays(events) if events else tails
    tails = tails.filter(pc.not_equal(tails, NONE))
    event_keys = pa.array([phrase(event).key or None for event in heads.to_pylist()], pa.string())
    _write(folder, "Event", {"text:ID(Event)": heads, "link_key": event_keys})
    tail_keys = {
        f"link_key_{reading}": pa.array(
            [
                phrase(text, reading).key or None if (text, reading) in tails_to_link else None
                for text in tails.to_pylist()
            ],
            pa.string(),
        )
        for reading in READINGS
    }
    _write(folder, "Inference", {"text:ID(Inference)": tails} | tail_keys)
    fields = {"name:ID(Relation)": "name", "phrase": "phrase", "grp": "group", "whose": "whose"}
    infos = list(RELATIONS.values())
    _write(folder, "Relation", {header: pa.array([getattr(i, name) for i in infos]) for header, name in fields.items()})
    links = table_of_links(list(best_links(tails_to_link, heads.to_pylist(), min_link)))
    headers = (":START_ID(Inference)", ":END_ID(Event)", "confidence:double", "rule", "reading")
    _write(folder, AS_EVENT, dict(zip(headers, links.columns, strict=True)))
    _write_arguments(folder)
    return counts


def _write_edges(writers: dict[str, pa_csv.CSVWriter], rows: pa.Table) -> None:
    for name, edges in by_edge_table(rows):
        if len(edges):
            *scores, origins, critic = properties(edges)
            columns = [edges.column("head"), ends(name, edges), *scores, pc.binary_join(origins, _LIST), critic]
            writers[name].write_table(pa.Table.from_arrays(columns, schema=_edge_schema(name)))


def _edge_schema(name: str) -> pa.Schema:
    target = "Relation" if name == NOT_APPLICABLE else "Inference"
    ends = [(":START_ID(Event)", pa.string()), (f":END_ID({target})", pa.string())]
    types = {field.name: field.type for field in PROPERTIES} | {"origins": pa.string()}
    scores = [(name + _TYPES.get(name, ":boolean"), kind) for name, kind in types.items()]
    return pa.schema([*ends, *scores])


def _writer(folder: Path, name: str, schema: pa.Schema) -> pa_csv.CSVWriter:
    return pa_csv.CSVWriter(str(folder / f"{name}.csv"), schema)


def _write(folder: Path, name: str, columns: dict[str, pa.Array]) -> None:
    table = pa.table(columns)
    pa_csv.write_csv(table, str(folder / f"{name}.csv"))


def _write_arguments(folder: Path) -> None:
    edges = [*EDGE_TABLES, AS_EVENT]
    arguments = [
        *(f"--nodes={label}={(folder / label).resolve()}.csv" for label in ("Event", "Inference", "Relation")),
        *(f"--relationships={name}={(folder / name).resolve()}.csv" for name in edges),
        "--array-delimiter=U+001F",
        "--overwrite-destination",
    ]
    with atomic_write(folder / ARGUMENTS) as part:
        part.write_text("".join(f"{_quote(argument)}\n" for argument in arguments))


def _quote(argument: str) -> str:
    """An argument in quotes: names of folders may have blanks."""
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def import_command(folder: Path) -> str:
    """The import command for the folder. It needs a stopped server, and replaces its database."""
    return f"neo4j-admin database import full neo4j {shlex.quote(f'@{(folder / ARGUMENTS).resolve()}')}"
