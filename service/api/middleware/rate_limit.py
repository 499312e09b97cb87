"""A rate limit for each caller."""

import math
import time

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from schemas.errors import BadInput, TooManyRequests


class Rate:
    """A moving window for each caller, and for each address with wrong keys."""

    def __init__(self, item: RateLimitItem | None) -> None:
        self._item = item
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """The rate of the setting `rate_limit`. Raises BadInput."""
        if not text:
            return cls(None)
        try:
            [item] = parse_many(text)
        except ValueError:
            item = None
        if item is None or not item.amount:
            raise BadInput.of("rate_limit", text, "one number of requests above 0 and a time, such as 600/minute")
        return cls(item)

    def count(self, kind: str, name: str) -> None:
        """Count a request. Each kind of names is counted apart. Raises TooManyRequests."""
        if self._item is None or self._limiter.hit(self._item, kind, name):
            return
        reset = self._limiter.get_window_stats(self._item, kind, name).reset_time
        raise TooManyRequests(str(self._item), max(1, math.ceil(reset - time.time())))
