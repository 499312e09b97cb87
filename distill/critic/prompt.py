"""The prompt of a causal critic."""

YES, NO = " yes", " no"
"""Both answers. The first token of each counts."""


def prompt(pair: tuple[str, str]) -> str:
    """The model's input: the event, the relation's words with the tail, the question."""
    event, clause = pair
    return f"{event}. {clause}.\nTrue?"
