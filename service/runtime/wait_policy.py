"""How long a question waits for a busy part. The route or command decides, and every batcher obeys."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class WaitPolicy(IntEnum):
    """Policies, in order of patience.

    SINGLE: one client waits for one answer. A full queue refuses it, and a time limit ends its wait.
    BATCH: many questions wait together. A full queue lets them in later. Their time limit runs only while no batch is
    finished.
    ENDLESS: a command of its own process. It has neither limit.
    """

    SINGLE = 0
    BATCH = 1
    ENDLESS = 2


# A context variable, because the policy passes through all sources without their help. Tasks inherit it.
_current: ContextVar[WaitPolicy] = ContextVar("wait policy", default=WaitPolicy.SINGLE)


def current_policy() -> WaitPolicy:
    """The policy of the running task."""
    return _current.get()


@contextmanager
def waiting_as(policy: WaitPolicy) -> Generator[None]:
    """Wait with at least this patience inside: a batch of a command stays endless.

    Not to be held across the `yield` of an async generator: its caller would get the policy too.
    """
    token = _current.set(max(policy, _current.get()))
    try:
        yield
    finally:
        _current.reset(token)
