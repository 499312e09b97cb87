"""Natural sentences as canonical events."""

from graph.natural.reading import Reading, read_event

__all__ = ["Reading", "read_event"]
