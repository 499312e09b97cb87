"""Do two events mean the same? Rules where they are certain, a trained cross-encoder where they end."""

IN_THE_BOX = "minilm-same-event"
"""The judge that is in the box."""
