"""The models: student, judge, embedder. Their training, weights and engines."""
