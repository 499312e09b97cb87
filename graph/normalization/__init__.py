"""Natural sentences as canonical events."""

from graph.normalization.normalizer import Reading, read_event

__all__ = ["Reading", "read_event"]
