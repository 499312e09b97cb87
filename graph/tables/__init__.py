"""Triples as Arrow tables: columns, merge, edge tables, and staging on disk."""
