"""Members of the answers of /expand and /paths."""

from distill.judge.voice import swap_persons
from graph.links.step import Step
from schemas.events import persons
from schemas.infer import Source
from schemas.paths import PathLink


def roles_of(event: str, *, is_swapped: bool) -> dict[str, str]:
    """The persons of an event, each as the person of the first event."""
    return {person: swap_persons(person) if is_swapped else person for person in persons(event)}


def source_of(step: Step) -> Source:
    """The source of a step."""
    return "generated" if step.is_generated else "graph"


def link_of(step: Step) -> PathLink | None:
    """The link of a step."""
    return None if step.event is None else PathLink(step.event, step.confidence, step.rule)
