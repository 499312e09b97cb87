"""The files of relations, NAME.toml: those of this folder, and those of a folder of one's own.

COMETGRAPH_RELATIONS names this folder. It is read here, at import: the relations are an enum.
"""

import os
import re
from pathlib import Path

from schemas.errors import BadInput

VARIABLE = "COMETGRAPH_RELATIONS"
MOST = 128
"""Most relations: a row of triples has one byte for its relation."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_TAKEN = frozenset(
    {"event", "inference", "not_applicable", "as_event"}  # labels and edges of the graph
    | {"head", "relation", "tail", "tails", "rel", "predicate", "label", "property", "edge", "type"}  # headers of files
    | {"name", "value", "mro", *dir(str)}  # attributes of the enum's members
)


def shipped_files() -> dict[str, Path]:
    """The files of ATOMIC-2020's relations, by name."""
    return {path.stem: path for path in Path(__file__).parent.glob("*.toml")}


def own_files(folder: str, shipped: dict[str, Path]) -> dict[str, Path]:
    """The files of further relations, by name.

    folder: their folder. Empty: there are none.
    shipped: the other relations.
    Raises BadInput for no folder, a folder without such files, and for a name that is malformed or taken.
    """
    if not folder:
        return {}
    paths = sorted(Path(folder).glob("[!.]*.toml"))
    if not paths:
        raise BadInput.of(VARIABLE, folder, "a folder with files NAME.toml of relations")
    if len(shipped) + len(paths) > MOST:
        raise BadInput.of(VARIABLE, folder, f"a folder with at most {MOST - len(shipped)} relations")
    taken = {name.casefold(): f"{name} is another relation" for name in shipped}
    taken |= dict.fromkeys(_TAKEN, "it means something else in a graph, in a file of triples or in Python")
    for path in paths:
        name = path.stem
        if _NAME.fullmatch(name) is None:
            allowed = "a letter, then at most 63 letters, digits and _, as NAME in NAME.toml"
            raise BadInput.of("name", name, allowed, f"{path}: name: {name!r} is not {allowed}")
        if reason := taken.get(name.casefold()):
            allowed = f"a name of its own: {reason}"
            raise BadInput.of("name", name, allowed, f"{path}: name: {name!r} is not {allowed}")
        taken[name.casefold()] = f"{name} is another relation"
    return {path.stem: path for path in paths}


def own_folder() -> str:
    """The value of COMETGRAPH_RELATIONS, in any case as for every setting. Empty: unset."""
    return {name.upper(): value for name, value in os.environ.items()}.get(VARIABLE, "")


SHIPPED = shipped_files()
OWN = own_files(own_folder(), SHIPPED)
