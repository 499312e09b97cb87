"""cometgraph: a language model's commonsense as a knowledge graph. The one name that other programs import."""

from importlib.metadata import version

__version__ = version("cometgraph")

__all__ = ["__version__"]
