"""How triples are asked for: the HTTP API and the command line."""
