"""Errors of an attempt: is another one of use, and when?"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import httpx2
import openai
import stamina

from distill.teacher.calls import CallRefused, TeacherRefused
from schemas.errors import Unavailable

_UNPAID = frozenset({408, 409, 425, 429, 500, 503})
"""Statuses of a server that did not do the work, and may do it later."""
_OF_GATEWAYS = frozenset({502, 504, *range(520, 528)})
"""Statuses of a gateway without a whole reply of the server behind it. From 520 on they are Cloudflare's."""
_OF_ONE_CALL = frozenset({400, 413, 422})
_MOST_REFUSED = 10
"""Calls refused one after another, before the run stops."""
_LONGEST_RETRY_AFTER = 3600.0
REPEATED = stamina.AsyncRetryingCaller(attempts=None, timeout=None, wait_initial=0.5, wait_max=60.0, wait_jitter=1.0)
"""Repeats attempts without limit. `Failures` ends them."""


class Again(Exception):
    """An attempt without a reply. Another one may succeed, after `pause` seconds if the server names a time."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


def pause_of(error: Exception) -> bool | float:
    """For stamina: the pause that a server asks for, else its own growing one. A pause of 0 s is none to obey."""
    return (error.pause or True) if isinstance(error, Again) else False


class Failures:
    """The failures of a server since its last reply. They decide between another attempt and the end of the run.

    url: the server's address, for messages.
    most: seconds without a reply, before the run stops.
    """

    def __init__(self, url: str, most: float) -> None:
        self.refusal: TeacherRefused | Unavailable | None = None
        self._url = url
        self._most = most
        self._since: float | None = None
        self._refused = 0

    def answered(self) -> None:
        """Forget all failures."""
        self._since = None
        self._refused = 0

    def failed(self, reason: str, sent: float, pause: float | None = None) -> Exception:
        """The error of an attempt without a reply: Again, or Unavailable to stop the run.

        sent: time of the attempt, as of time.monotonic.
        pause: seconds that the server asks for.
        """
        self._since = sent if self._since is None else min(self._since, sent)
        silent = time.monotonic() - self._since
        if silent + (pause or 0.0) <= self._most:
            return Again(reason, pause)
        wish = f" and asks for a pause of {pause:.0f} s" if pause else ""
        message = f"{self._url} gave no reply for {silent:.0f} s{wish} ({reason}); run it again to go on"
        return Unavailable(message, None)

    def refused(self, reason: str, status: int) -> CallRefused | TeacherRefused:
        """The error of a final refusal: of one call, or of all."""
        self._refused += 1
        if status in _OF_ONE_CALL and self._refused < _MOST_REFUSED:
            return CallRefused(f"{self._url} refuses a call: {reason}")
        return self.refused_all(reason)

    def refused_all(self, reason: str) -> TeacherRefused:
        """The error of a refusal of all calls."""
        self.refusal = TeacherRefused(f"{self._url} refuses: {reason}")
        return self.refusal


def is_final(status: int, body: bytes) -> bool:
    """True if no repetition mends it. A 429 is final for an account without money."""
    if status == 429:
        return b"insufficient_quota" in body or b"billing_hard_limit" in body
    return status < 500 and status not in _UNPAID


def is_of_gateway(status: int) -> bool:
    """True if the server may have done the work, and a gateway lost the reply."""
    return status in _OF_GATEWAYS


def is_unsent(error: Exception) -> bool:
    """True for an error before the first byte: there was no connection."""
    return isinstance(error.__cause__ or error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)


def reason_of(error: Exception) -> str:
    """An error in one line."""
    if isinstance(error, openai.APIStatusError):
        return f"status {error.status_code}: {one_line(error.message)}"
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {one_line(str(cause))}".rstrip(": ")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After (RFC 9110, 10.2.3), or of the more exact retry-after-ms. None without a valid one."""
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return min(_LONGEST_RETRY_AFTER, max(0.0, float(milliseconds) / 1000))
        text = headers.get("retry-after", "")
        seconds = float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError):
        return None
    return min(_LONGEST_RETRY_AFTER, max(0.0, seconds))


def one_line(text: str) -> str:
    """The text without line breaks, cut at 200 characters."""
    return " ".join(text.split())[:200]
