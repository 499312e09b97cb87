"""Files for `neo4j-admin database import full`: the fastest way of a large graph into an empty Neo4j.

The folder gets one CSV for each kind of node and edge, and `import.args`, the arguments that name them all.
"""

import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from graph.links import links
from graph.stores.protocol import Progress
from graph.tables.columns import PROPERTIES, properties
from graph.tables.edges import AS_EVENT, EDGE_TABLES, NOT_APPLICABLE, by_edge_table, ends
from graph.tables.merge import Counts, merge
from graph.tables.staging import Staging
from schemas.errors import BadInput
from schemas.relations import RELATIONS
from schemas.triples import NONE

ARGUMENTS = "import.args"
_LIST = "\x1f"
_TYPES = {"p_valid": ":double", "split": ":string", "valid": ":byte", "log_prob": ":double", "origins": ":string[]"}


def write_offline(staged: Staging, folder: Path, progress: Progress) -> Counts:
    """Write all that is staged to `folder`, `import.args` last, so that its existence means that all is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput.of("offline", str(folder), f"a folder that can be written ({error.strerror})") from error
    (folder / ARGUMENTS).unlink(missing_ok=True)
    counts = Counts()
    tails, events = pa.array([], pa.string()), list[pa.Array]()
    writers = {name: _writer(folder, name, _edge_schema(name)) for name in EDGE_TABLES}
    for done, part in enumerate(staged.read()):
        progress("writing the files", done, staged.parts)
        merged = merge(part.stored, part.incoming)
        counts += merged.counts
        events.append(pc.unique(merged.rows.column("head")))
        tails = pc.unique(pa.concat_arrays([tails, pc.unique(merged.rows.column("tail"))]))
        _write_edges(writers, merged.rows)
    for writer in writers.values():
        writer.close()
    heads = pa.concat_arrays(events) if events else tails
    tails = tails.filter(pc.not_equal(tails, NONE))
    _write(folder, "Event", {"text:ID(Event)": heads})
    _write(folder, "Inference", {"text:ID(Inference)": tails})
    columns = {"name:ID(Relation)": "name", "phrase": "phrase", "grp": "group", "whose": "whose"}
    infos = list(RELATIONS.values())
    _write(
        folder, "Relation", {header: pa.array([getattr(i, name) for i in infos]) for header, name in columns.items()}
    )
    linked = links(tails, heads)
    _write(folder, AS_EVENT, dict(zip((":START_ID(Inference)", ":END_ID(Event)"), linked.columns, strict=True)))
    _write_arguments(folder)
    return counts


def _write_edges(writers: dict[str, pa_csv.CSVWriter], rows: pa.Table) -> None:
    for name, chosen in by_edge_table(rows):
        if len(chosen):
            *said, origins = properties(chosen)
            columns = [chosen.column("head"), ends(name, chosen), *said, pc.binary_join(origins, _LIST)]
            writers[name].write_table(pa.Table.from_arrays(columns, schema=_edge_schema(name)))


def _edge_schema(name: str) -> pa.Schema:
    target = "Relation" if name == NOT_APPLICABLE else "Inference"
    ends = [(":START_ID(Event)", pa.string()), (f":END_ID({target})", pa.string())]
    said = [(field.name + _TYPES.get(field.name, ":boolean"), field.type) for field in PROPERTIES]
    return pa.schema([*ends, *said[:-1], (said[-1][0], pa.string())])


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
    part = folder / (ARGUMENTS + ".part")
    part.write_text("".join(f"{_quoted(argument)}\n" for argument in arguments))
    part.replace(folder / ARGUMENTS)


def _quoted(argument: str) -> str:
    """An argument as a line of an argument file; folders may have blanks in their names."""
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def import_command(folder: Path) -> str:
    """The command that imports the folder; the server must be stopped, and its database is replaced."""
    return f"neo4j-admin database import full neo4j {shlex.quote(f'@{(folder / ARGUMENTS).resolve()}')}"
