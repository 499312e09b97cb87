"""Natural sentences as canonical events."""

from graph.normalization.normalizer import NormalizedEvent, read_event

__all__ = ["NormalizedEvent", "read_event"]
