"""The nearest-neighbour index of events."""
