"""What a triple, an event, a question, an answer and an error is; and the cache. Imports nothing of ours."""
