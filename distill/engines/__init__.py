"""Text generation back ends."""
