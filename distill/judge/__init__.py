"""The judge of near-duplicates: rules, and a trained cross-encoder for the pairs without a certain rule."""

IN_THE_BOX = "minilm-same-event"
"""Name of the bundled judge."""
