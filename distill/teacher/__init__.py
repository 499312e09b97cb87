"""The teacher: a language model that writes events and inferences, and the log of all calls to it."""
