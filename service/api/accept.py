"""The Accept header (RFC 9110, 12.5.1): the preferred media type."""

from collections.abc import Sequence

JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENT_STREAM = "text/event-stream"


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The offered type of the highest quality. Among equals, one with its exact name, then the first.

    An empty header, or one without any of them, gets the first too.
    """
    ranges = [_range(one) for one in accept.split(",") if one.strip()]
    ranked = [(*_quality(media_type, ranges), -place) for place, media_type in enumerate(offered)]
    quality, _, place = max(ranked, default=(0.0, 0, 0))
    return offered[-place] if quality > 0 else offered[0]


def _range(text: str) -> tuple[str, float]:
    """A media range and its quality, by default 1. An invalid quality counts as 0."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((value.strip() for key, _, value in map(_pair, parameters) if key.strip() == "q"), "1")
    try:
        value = float(quality)
    except ValueError:
        return name, 0.0
    return name, value if 0 <= value <= 1 else 0.0


def _pair(parameter: str) -> tuple[str, str, str]:
    return parameter.partition("=")


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """The quality of a type by the most exact range, and the exactness of that range, 0 to 3."""
    exact = {media_type: 3, f"{media_type.partition('/')[0]}/*": 2, "*/*": 1}
    exactness, quality = max(((exact[name], quality) for name, quality in ranges if name in exact), default=(0, 0.0))
    return quality, exactness
