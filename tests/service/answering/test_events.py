"""Pages of events: prefixes as people type them."""

from pathlib import Path

from tests.support.requests import add, app_with
from tests.support.triples import triple

EVENTS = [
    "PersonX asks PersonY: why?",
    "PersonX buys a car",
    "PersonX buys an apple",
    "PersonX eats ___ for lunch",
    "PersonX's dog barks at PersonY's cat",
    "a person enters the room",
    "eat at Joe's",
    "the dog barks. Then it sleeps",
]


def test_each_beginning_of_an_event_finds_it(tmp_path: Path) -> None:
    with app_with(str(tmp_path / "store")) as client:
        add(client, *(triple(event, "xWant", "to rest") for event in EVENTS))
        for event in EVENTS:
            for end in range(len(event) + 1):
                found = client.get("/events", params={"prefix": event[:end]}).json()["events"]
                assert event in found, event[:end]
                assert found == [one for one in EVENTS if one in found]
        assert client.get("/events", params={"prefix": ""}).json()["events"] == EVENTS
        for prefix, number in (("PersonX buys a", 2), ("PersonX buys a ", 1), ("person x  buys an", 1), ("x", 0)):
            assert len(client.get("/events", params={"prefix": prefix}).json()["events"]) == number, prefix
