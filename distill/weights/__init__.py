"""Base weights, and what is made of them on first use."""
