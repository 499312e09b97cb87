"""Base weights, their conversions, and the cache of both."""
