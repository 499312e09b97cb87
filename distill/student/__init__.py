"""The student writes inferences (COMET-distill)."""
