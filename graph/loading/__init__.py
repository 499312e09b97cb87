"""Files into a store."""
