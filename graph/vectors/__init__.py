"""The nearest-neighbor index of events."""
