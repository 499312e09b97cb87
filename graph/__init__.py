"""The knowledge graph.

- stores: the protocol of a store, the embedded store, and Neo4j.
- tables: triples as Arrow tables, and their merge.
- vectors: the nearest-neighbour index of events.
- loading: files into a store.
- normalization: English text into a canonical event.
- links: inferences with the text of an event.
- sample: the bundled sample graph.
"""
