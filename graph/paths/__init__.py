"""Walks through the graph: along relations, and from tails to the events that they are."""
