"""The functions and procedures of strangers' Cypher. A list of what is allowed: all others are refused."""

from dataclasses import dataclass
from typing import Literal

Dialect = Literal["embedded", "neo4j"]

_BOTH = """
abs ceil floor round sign sqrt log log10 sin cos tan pi
avg count sum min max collect coalesce size length
lower upper toLower toUpper trim ltrim rtrim left right substring replace reverse toString toInteger toFloat
nodes relationships rels properties keys labels label type id
range any all none single
"""
_NEO4J = """
char_length character_length head tail last split isEmpty nullIf toBoolean toIntegerOrNull toFloatOrNull
toStringOrNull toBooleanOrNull toStringList toFloatList toIntegerList startNode endNode elementId
exists exp stDev stDevP percentileCont percentileDisc shortestPath valueType isNaN date datetime randomUUID rand
"""
_EMBEDDED = """
list_transform list_filter list_contains list_has list_position list_extract list_element list_slice list_distinct
list_unique list_sort list_reverse_sort list_sum list_concat list_cat list_any_value
starts_with ends_with prefix suffix contains concat initcap regexp_matches string_split split_part
cast start_node end_node is_trail is_acyclic offset ifnull nullif
string to_int64 to_double
"""
_LISTS: dict[Dialect, frozenset[str]] = {
    "embedded": frozenset((_BOTH + _EMBEDDED).lower().split()) - {"id"},
    "neo4j": frozenset((_BOTH + _NEO4J).lower().split()) - {"id"},
}
ITERATING = frozenset({"any", "all", "none", "single", "list_transform", "list_filter"})
"""Functions that visit each element of a list. None stands inside another."""
PROCEDURES: dict[Dialect, frozenset[str]] = {
    "embedded": frozenset(),
    "neo4j": frozenset({"db.index.fulltext.queryNodes".lower()}),
}
_IN_PLACE: dict[Dialect, dict[str, str]] = {
    "embedded": {
        "split": "string_split",
        "exists": "EXISTS { (a)-->(b) }",
        "exp": "2.718281828 ^ x",
        "head": "list_extract(list, 1)",
        "last": "list_extract(list, -1)",
        "startnode": "start_node",
        "endnode": "end_node",
        "shortestpath": "-[* SHORTEST 1..6]-",
    },
    "neo4j": {
        "string_split": "split",
        "list_transform": "[x IN list | …]",
        "list_filter": "[x IN list WHERE …]",
        "list_contains": "x IN list",
        "list_extract": "list[0]",
        "list_distinct": "collect(DISTINCT x)",
        "len": "size",
        "contains": "a CONTAINS b",
        "starts_with": "a STARTS WITH b",
        "ends_with": "a ENDS WITH b",
        "regexp_matches": "a =~ b",
        "concat": "a + b",
        "cast": "toString, toInteger or toFloat",
        "start_node": "startNode",
        "end_node": "endNode",
        "ifnull": "coalesce",
        "string": "toString",
        "to_int64": "toInteger",
        "to_double": "toFloat",
    },
}
"""A function of one store, and what the other one has in its place."""
_BRIDGED: dict[Dialect, dict[str, str]] = {
    "embedded": {"type": "label", "tostring": "string", "tointeger": "to_int64", "tofloat": "to_double"},
    "neo4j": {"label": "type", "rels": "relationships"},
}


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of a store."""

    dialect: Dialect

    def __contains__(self, name: str) -> bool:
        return name.lower() in _LISTS[self.dialect]

    def written(self, name: str) -> str:
        """The name in the store's own dialect."""
        return _BRIDGED[self.dialect].get(name.lower(), name)

    def allowed(self, name: str) -> str:
        """What is allowed in place of an unknown function."""
        if name.lower() in _IN_PLACE[self.dialect]:
            return f"{_IN_PLACE[self.dialect][name.lower()]}, on this store"
        return "the functions of GET /cypher/schema"


def function_names(dialect: Dialect) -> list[str]:
    """The allowed functions, as one writes them."""
    names = (_BOTH + (_NEO4J if dialect == "neo4j" else _EMBEDDED)).split()
    return sorted((name for name in names if name != "id"), key=str.lower)
