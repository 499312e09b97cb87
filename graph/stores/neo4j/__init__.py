"""The Neo4j store, and the files of a bulk import."""
