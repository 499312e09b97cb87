"""Which inferences, read on their own, are stored events: the links along which paths continue."""

import pyarrow as pa
import pyarrow.compute as pc

ACTOR = "PersonX "


def readings(inference: str) -> tuple[str, str]:
    """The events that an inference may be: "gets fired" is "PersonX gets fired"."""
    return inference, ACTOR + inference


def inferences_reading(event: str) -> tuple[str, ...]:
    """The inferences that may be this event: the converse of `readings`."""
    return (event, event.removeprefix(ACTOR)) if event.startswith(ACTOR) else (event,)


def links(inferences: pa.Array, events: pa.Array) -> pa.Table:
    """All links between the inferences and the events, columns `inference` and `event`."""
    found: list[pa.Table] = []
    for event in (inferences, pc.binary_join_element_wise(ACTOR, inferences, "")):
        known = pc.is_in(event, events)
        found.append(pa.table({"inference": inferences.filter(known), "event": event.filter(known)}))
    return pa.concat_tables(found)
