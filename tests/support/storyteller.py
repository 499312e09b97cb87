"""A teacher without a model: events and tails that depend on the request alone, so that runs can be compared."""

import random
from typing import Any

_VERBS = (
    "paints",
    "sells",
    "finds",
    "repairs",
    "borrows",
    "hides",
    "cleans",
    "loses",
    "draws",
    "moves",
    "buys",
    "lifts",
)
_THINGS = ("fence", "ladder", "lamp", "boat", "drum", "garden", "letter", "bike", "tent", "map", "kettle", "chair")
_PLACES = ("at home", "in the rain", "with PersonY", "for PersonY", "on Monday", "at work", "before dinner", "alone")
_TAILS = ("to rest", "to tell a friend", "to do it again", "to go home", "none", "ok", "to sell it", "to be careful")


def written(body: dict[str, Any]) -> list[str]:
    """The completions of a request: events after "Event:", else tails. Some break the rules of the filters."""
    prompt = body.get("prompt") or body["messages"][-1]["content"]
    draw = random.Random(f"{prompt} {body['seed']}")
    write = _event if prompt.endswith("Event:") else _tail
    return [write(draw) for _ in range(body["n"])]


def _event(draw: random.Random) -> str:
    if draw.random() < 0.1:
        return " Somebody sleeps all day"
    return f" PersonX {draw.choice(_VERBS)} the {draw.choice(_THINGS)} {draw.choice(_PLACES)}"


def _tail(draw: random.Random) -> str:
    return f" {draw.choice(_TAILS)}"
