"""Do two events mean the same? Rules where they are certain, a trained cross-encoder where they end."""
