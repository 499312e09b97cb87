"""One Store protocol, two implementations."""
