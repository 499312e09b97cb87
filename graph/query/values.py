"""The values of a result as JSON, within a budget of bytes."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

_NUMBER = 8
"""Bytes that a number counts."""
_INTEGERS = range(-(2**63), 2**64)


class Budget:
    """Bytes that are left for a result. A value over the rest is cut: `is_cut` says so."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.is_cut = False

    def has_room(self) -> bool:
        """True while bytes are left. False counts as a cut."""
        self.is_cut = self.is_cut or self.left <= 0
        return self.left > 0

    def plain(self, value: Any) -> Any:
        """A value as JSON. Dates and other types of a store become texts."""
        if value is None or isinstance(value, bool):
            self.left -= _NUMBER
            return value
        if isinstance(value, int):
            self.left -= _NUMBER
            return value if value in _INTEGERS else self._text(str(value))
        if isinstance(value, float):
            self.left -= _NUMBER
            return value if math.isfinite(value) else None
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return self._object(cast(Mapping[Any, Any], value))
        if isinstance(value, list | tuple | set):
            return self._list(cast(Iterable[Any], value))
        return self._text(str(value))

    def _text(self, text: str) -> str:
        if len(text) > self.left:
            self.is_cut = True
            text = text[: max(0, self.left)]
        self.left -= len(text) + 3
        return text

    def _list(self, values: Iterable[Any]) -> list[Any]:
        return [self.plain(value) for value in values if self.has_room()]

    def _object(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        return {self._text(str(key)): self.plain(value) for key, value in values.items() if self.has_room()}
