"""The teacher: a language model that answers calls, and how one is opened."""

from dataclasses import dataclass
from typing import Protocol

from distill.teacher.call_log import CallLog
from distill.teacher.calls import Call, Reply
from distill.teacher.prices import Prices


class Teacher(Protocol):
    """Answers calls. Each attempt at a call is in the call log."""

    async def reply(self, call: Call) -> Reply:
        """The reply of a call."""
        ...

    def stop(self) -> None:
        """Send no further call. Calls under way end as usual."""
        ...

    async def close(self) -> None:
        """Free the model or the connections."""
        ...


@dataclass(frozen=True, slots=True)
class TeacherSpec:
    url: str
    model: str
    key: str
    concurrency: int
    prices: Prices


async def open_teacher(spec: TeacherSpec, log: CallLog) -> Teacher:
    from distill.teacher.openai_api import OpenAiTeacher
    from distill.teacher.pace import Pace

    return OpenAiTeacher(spec.url, spec.key, log, Pace(spec.concurrency), spec.prices)
