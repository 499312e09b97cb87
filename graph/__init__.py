"""Where triples live: readers, loader, and the stores (embedded, Neo4j) behind one protocol."""
