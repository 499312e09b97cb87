"""What a triple, an event, a question, an answer and an error is. Imports nothing of ours."""
