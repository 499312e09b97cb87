"""Work that is stopped at one of its steps."""


class Stopped(Exception):
    pass


class StopAt:
    """Progress with a stop at the call number `last`."""

    def __init__(self, last: int) -> None:
        self.calls = last

    def __call__(self, _what: str, _done: int, _total: int) -> None:
        self.calls -= 1
        if self.calls == 0:
            raise Stopped
