"""The vocabulary: relations, events, triples, errors, and the requests and responses of the API.

It imports pydantic, numpy (types of embeddings.py) and the standard library, and no other package of cometgraph.
"""
