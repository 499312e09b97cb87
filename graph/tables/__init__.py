"""Triples as Arrow tables."""
