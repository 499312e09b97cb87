"""Answers to GET /infer in memory, as the bytes of their bodies.

An answer rests on a few events of the store. It is valid until one of them changes, and other changes do not matter to
it. That is checked when it is read, so that a change in the middle of a lookup is no race.
"""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import orjson
from cachetools import LRUCache

from graph.stores.changes import Changes
from schemas.infer import Answer, Question, Source
from service.answering.cascade import Sourced

_TOOK = b'"took_ms":'
_OF_THE_STUDENT = frozenset({"decoding", "n", "temperature", "top_p", "max_new_tokens", "seed"})
_key = attrgetter(*(name for name in Question.model_fields if name not in _OF_THE_STUDENT))
_ENTRY_BYTES = 800
"""Memory of an entry without its texts: its key, its objects, its places in the dictionaries."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer.

    body: JSON up to the value of `took_ms`, which is the last member.
    source: the source of the answer.
    events: events of the store that the answer rests on.
    since: number of changes of the store when the lookup began.
    size: bytes of memory.
    """

    body: bytes
    source: Source
    events: tuple[str, ...]
    since: int
    size: int

    def body_with(self, took_ms: float) -> bytes:
        """The whole body."""
        return self.body + b"%.3f}" % took_ms


class AnswerCache:
    """The answers asked for last, bounded in bytes and in number. Either bound may be 0: then there are none.

    changes: those of the store. None: other processes may write to it, so nothing is cached.
    """

    def __init__(self, changes: Changes | None, *, max_bytes: int, max_entries: int) -> None:
        self._changes = changes if max_bytes and max_entries else None
        self._max_entries = max_entries
        self._entries: LRUCache[Any, Entry] = LRUCache(max_bytes, getsizeof=lambda entry: entry.size)

    def find(self, question: Question) -> Entry | None:
        """The cached answer of a question, if it is still valid."""
        if self._changes is None or not is_cacheable(question):
            return None
        key = _key(question)
        entry = self._entries.get(key)
        if entry is not None and self._changes.is_changed(entry.events, entry.since):
            del self._entries[key]
            return None
        return entry

    def moment(self) -> int:
        """The number of changes of the store until now; to be read before a lookup begins."""
        return 0 if self._changes is None else self._changes.count

    def keep(self, question: Question, sourced: Sourced, since: int) -> bytes:
        """The body of an answer, which is cached if it may be. `since`: the moment when its lookup began."""
        answer = sourced.answer
        body = orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS)
        if self._changes is None or sourced.events is None or not is_cacheable(question, answer):
            return body
        head, took, _ = body.rpartition(_TOOK)
        events = tuple(sourced.events)
        size = _ENTRY_BYTES + len(body) + sum(map(_bytes, (question.event, *question.origin, *events)))
        if size <= self._entries.maxsize:
            self._entries[_key(question)] = Entry(head + took, answer.source, events, since, size)
            if len(self._entries) > self._max_entries:
                self._entries.popitem()
        return body


def is_cacheable(question: Question, answer: Answer | None = None) -> bool:
    """True where this answer of a question may be cached; without an answer, where one may be in the cache.

    An answer that the student wrote just now, or that lacks something, may be better the next time. A cached answer is
    given to any caller, so a question that says `keep` or `generated` is none for the cache.
    """
    if question.explain or question.generated or question.keep is not None or question.mode == "generate":
        return False
    return answer is None or (answer.stored and not answer.degraded)


def _bytes(text: str) -> int:
    """Most memory that a text takes beside its object: 4 bytes for each character."""
    return len(text) if text.isascii() else 4 * len(text)
