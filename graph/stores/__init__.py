"""Stores of triples: one protocol, an embedded store and Neo4j behind it."""
