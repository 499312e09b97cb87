"""Search terms of a text, for a full-text search."""

import re

_WORD = re.compile(r"[^\W_]+")
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a an the and or of to in on at for with from by is are was were be been am do does did has have had "
        "i me my we our you your he him his she her it its they them their this that s t personx persony personz"
    )
)
MAX_WORDS = 32


def search_words(text: str) -> tuple[str, ...]:
    """At most MAX_WORDS words in lower case, without stop words if others remain."""
    words = list(dict.fromkeys(_WORD.findall(text.lower())))
    terms = [word for word in words if word not in _STOP_WORDS]
    return tuple((terms or words)[:MAX_WORDS])
