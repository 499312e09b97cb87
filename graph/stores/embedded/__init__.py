"""The embedded store: a folder with a ladybug graph and a full-text index (SQLite)."""
