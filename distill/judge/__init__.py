"""The judge of near-duplicates: rules, and a trained cross-encoder for the pairs without a certain rule."""

BUNDLED = "minilm-same-event"
"""Name of the bundled judge."""
