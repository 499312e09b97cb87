"""Links from inferences to the events that they are. Paths through the graph continue along them."""

from graph.links.best import LINK_PROPERTIES, MIN_LINK, SCHEMA, Link, Tail, best_links, table_of_links
from graph.links.phrase import READINGS, Reading, event_of, phrase, reading_of
from graph.links.rules import CONFIDENCE, RULES, Rule

__all__ = [
    "CONFIDENCE",
    "LINK_PROPERTIES",
    "MIN_LINK",
    "READINGS",
    "RULES",
    "SCHEMA",
    "Link",
    "Reading",
    "Rule",
    "Tail",
    "best_links",
    "event_of",
    "phrase",
    "reading_of",
    "table_of_links",
]
