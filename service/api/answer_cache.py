"""Answers to GET /infer in memory, as the bytes of their bodies.

An answer depends on a few events of the store. It is valid until one of them changes. The cache checks that at each
hit, against the number of changes before the lookup, so a change during the lookup is no race.
"""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import orjson
from cachetools import LRUCache

from graph.stores.changes import Changes
from schemas.infer import Answer, Question, Source
from service.answering.cascade import AnswerRecord

_TOOK = b'"took_ms":'
_STUDENT_FIELDS = frozenset({"decoding", "n", "temperature", "top_p", "max_new_tokens", "seed"})
_key = attrgetter(*(name for name in Question.model_fields if name not in _STUDENT_FIELDS))
_ENTRY_BYTES = 800
"""Memory of an entry without its texts: its key, its objects, its places in the dictionaries."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer.

    body: JSON up to the value of `took_ms`, the last member.
    source: the source of the answer.
    dependencies: see `AnswerRecord`.
    since: number of changes of the store before the lookup.
    size: bytes of memory.
    """

    body: bytes
    source: Source
    dependencies: tuple[str, ...]
    since: int
    size: int

    def body_with(self, took_ms: float) -> bytes:
        """The whole body."""
        return self.body + b"%.3f}" % took_ms


class AnswerCache:
    """The most recent answers, bounded in bytes and in number. A bound of 0 turns the cache off.

    changes: the changes of the store. None: other processes may write to it, so nothing is cached.
    """

    def __init__(self, changes: Changes | None, *, max_bytes: int, max_entries: int) -> None:
        self._changes = changes if max_bytes and max_entries else None
        self._max_entries = max_entries
        self._entries: LRUCache[Any, Entry] = LRUCache(max_bytes, getsizeof=lambda entry: entry.size)

    def find(self, question: Question) -> Entry | None:
        """The valid cached answer of a question, if any."""
        if self._changes is None or not is_cacheable(question):
            return None
        key = _key(question)
        entry = self._entries.get(key)
        if entry is not None and self._changes.is_changed(entry.dependencies, entry.since):
            del self._entries[key]
            return None
        return entry

    def moment(self) -> int:
        """The number of changes of the store so far. Read it before a lookup."""
        return 0 if self._changes is None else self._changes.count

    def keep(self, question: Question, record: AnswerRecord, since: int) -> bytes:
        """The body of an answer. It is cached if possible. since: `moment()` before the lookup."""
        answer = record.answer
        body = orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS)
        if self._changes is None or record.dependencies is None or not is_cacheable(question, answer):
            return body
        head, took, _ = body.rpartition(_TOOK)
        dependencies = tuple(record.dependencies)
        size = _ENTRY_BYTES + len(body) + sum(map(_bytes, (question.event, *question.origin, *dependencies)))
        if size <= self._entries.maxsize:
            self._entries[_key(question)] = Entry(head + took, answer.source, dependencies, since, size)
            if len(self._entries) > self._max_entries:
                self._entries.popitem()
        return body


def is_cacheable(question: Question, answer: Answer | None = None) -> bool:
    """True if this answer to a question may be cached. Without an answer: if any may be in the cache.

    A freshly generated or degraded answer may be better the next time. Cached answers go to every caller, so questions
    with `keep` or `generated` are not cached.
    """
    if question.explain or question.generated or question.keep is not None or question.mode == "generate":
        return False
    return answer is None or (answer.stored and not answer.degraded)


def _bytes(text: str) -> int:
    """Maximum memory of a text beside its object: 4 bytes for each character."""
    return len(text) if text.isascii() else 4 * len(text)
