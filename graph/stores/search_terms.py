"""The words of a text that a full-text search should look for."""

import re

_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    _WORD.findall(
        "a an the and or of to in on at for with from by is are was were be been am do does did has have had "
        "i me my we our you your he him his she her it its they them their this that s t personx persony personz"
    )
)
MAX_WORDS = 32


def search_words(text: str) -> tuple[str, ...]:
    """Lower-case words, the common ones left out where others remain; at most MAX_WORDS."""
    words = list(dict.fromkeys(_WORD.findall(text.lower())))
    telling = [word for word in words if word not in _COMMON]
    return tuple((telling or words)[:MAX_WORDS])
