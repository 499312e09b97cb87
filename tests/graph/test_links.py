"""Links from inferences to events of the same text."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from graph.links import inferences_reading, links, readings

TEXTS = st.lists(st.sampled_from(["PersonX ", "PersonX", "PersonY ", "naps", " "]), max_size=4).map("".join)
SETS = st.lists(TEXTS, unique=True, max_size=12)


def linked(inferences: list[str], events: list[str]) -> list[tuple[str, str]]:
    table = links(pa.array(inferences, pa.string()), pa.array(events, pa.string()))
    return [(row["inference"], row["event"]) for row in table.to_pylist()]


def test_an_inference_is_an_event_with_or_without_its_actor() -> None:
    inferences = ["gets fired", "PersonX gets fired", "PersonY naps", "naps", "gets"]
    events = ["PersonX gets fired", "PersonY naps", "PersonX PersonY naps", "personx naps"]
    assert sorted(linked(inferences, events)) == [
        ("PersonX gets fired", "PersonX gets fired"),
        ("PersonY naps", "PersonX PersonY naps"),
        ("PersonY naps", "PersonY naps"),
        ("gets fired", "PersonX gets fired"),
    ]


@given(SETS, SETS)
def test_all_links_are_those_of_one_inference_at_a_time(inferences: list[str], events: list[str]) -> None:
    pairs = [(inference, event) for inference in inferences for event in readings(inference) if event in events]
    assert sorted(linked(inferences, events)) == sorted(pairs)


@given(TEXTS, TEXTS)
def test_the_inferences_of_an_event_are_those_with_this_event(inference: str, event: str) -> None:
    assert (inference in inferences_reading(event)) == (event in readings(inference))
    assert all(event in readings(one) for one in inferences_reading(event))
