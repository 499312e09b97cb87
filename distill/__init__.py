"""Where triples come from: the student, how it is trained, and how it writes."""
