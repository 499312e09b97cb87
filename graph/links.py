"""Links from inferences to events of the same text. Paths through the graph continue along them."""

import pyarrow as pa
import pyarrow.compute as pc

ACTOR = "PersonX "


def readings(inference: str) -> tuple[str, str]:
    """The possible events of an inference: "gets fired" is also "PersonX gets fired"."""
    return inference, ACTOR + inference


def inferences_reading(event: str) -> tuple[str, ...]:
    """The possible inferences of an event: the converse of `readings`."""
    return (event, event.removeprefix(ACTOR)) if event.startswith(ACTOR) else (event,)


def links(inferences: pa.Array, events: pa.Array) -> pa.Table:
    """All links between inferences and events (columns `inference` and `event`)."""
    tables: list[pa.Table] = []
    for candidates in (inferences, pc.binary_join_element_wise(ACTOR, inferences, "")):
        is_event = pc.is_in(candidates, events)
        tables.append(pa.table({"inference": inferences.filter(is_event), "event": candidates.filter(is_event)}))
    return pa.concat_tables(tables)
