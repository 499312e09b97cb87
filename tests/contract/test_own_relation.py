"""A relation of a file of one's own in each store. It comes and goes with the file: other processes have it or not."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from graph.stores.connect import open_store
from graph.stores.protocol import Neo4jLogin, Search, Tails
from graph.tables.merge import Counts
from schemas.errors import BadInput
from tests.support.neo4j_server import Neo4jAddress
from tests.support.server import ROOT, clean_environment
from tests.support.triples import ALL, ask, triple

SUPPORT = ROOT / "tests" / "support"
OLD = triple("PersonX plants a tree", "xIntent", "to have shade", origins=("old",))
NEW = triple("PersonX plants a tree", "xWant", "to water it", origins=("new",))
ROWS = (
    "PersonX plants a tree\tSymbolOf\tfaith in the future\n"
    "PersonX crosses a river\t/r/symbolof\ta new life\n"
    "PersonX waits\tSymbolOf\tnone\n"
)


class Place:
    """A store, opened in this process without SymbolOf, and in others with it."""

    def __init__(self, address: str, password: str = "") -> None:
        self.address, self.password = address, password
        self.open = lambda: open_store(address, login=Neo4jLogin(password=password))

    def with_the_file(self, *rows: str) -> list[str]:
        """The output of tests/support/symbols.py."""
        command = [sys.executable, "-P", str(SUPPORT / "symbols.py"), self.address, self.password, *rows]
        environment = clean_environment({"COMETGRAPH_RELATIONS": str(SUPPORT / "relations")})
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture(params=["embedded", "neo4j"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "embedded":
        return Place(str(tmp_path / "store"))
    server: Neo4jAddress = request.getfixturevalue("neo4j_server")
    return Place(request.getfixturevalue("neo4j_uri"), server.password)


def test_a_relation_comes_with_its_file_and_goes_with_it(place: Place, tmp_path: Path) -> None:
    asyncio.run(_before(place))
    file = tmp_path / "rows.tsv"
    file.write_text(ROWS)
    intent, symbol = ("xIntent", OLD.tail), ("SymbolOf", "faith in the future")
    assert place.with_the_file(str(file)) == [
        *(f"{([intent], [])}", "None", "([], [])", "None", "['xIntent']", "0 {}"),  # a reader adds no table
        "2 1 0",
        *(f"{([symbol, intent], [])}", "([], ['SymbolOf'])", f"{([symbol], [])}", "([], ['SymbolOf'])"),
        *("['SymbolOf', 'xIntent']", "2 {}"),
    ]
    asyncio.run(_without_the_file(place))
    want = ("xWant", NEW.tail)
    assert place.with_the_file() == [
        *(f"{([symbol, intent, want], [])}", "([], ['SymbolOf'])", f"{([symbol], [])}", "([], ['SymbolOf'])"),
        *("['SymbolOf', 'xIntent', 'xWant']", "2 {}"),
        "{'forgotten': 2, 'none': 1, 'kept': 0, 'inferences': 2, 'events': 2}",
        *(f"{([intent, want], [])}", "None", "([], [])", "None", "['xIntent', 'xWant']", "0 {}"),
    ]


async def _before(place: Place) -> None:
    async with place.open() as store:
        await store.add([OLD])


async def _without_the_file(place: Place) -> None:
    """The store opens and answers, without the triples of the relation. Nothing loses them."""
    async with place.open() as store:
        assert await store.add([OLD, NEW]) == Counts(loaded=1, present=1)
        events = ["PersonX crosses a river", OLD.head, "PersonX waits"]
        assert await store.tails([ask(event) for event in events]) == [
            Tails(missing=[*ALL]),
            Tails([OLD, NEW], missing=[r for r in ALL if r not in (OLD.relation, NEW.relation)]),
            Tails(missing=[*ALL]),
        ]
        assert sorted(await store.triples(events)) == [OLD, NEW]
        assert await store.events(Search(9)) == events
        stats = await store.stats()
        assert (sum(stats.triples.values()), stats.unknown_relations) == (2, {"SymbolOf": 3})
        if store.kind == "embedded":  # forgetting writes the graph anew
            with pytest.raises(BadInput, match=r"COMETGRAPH_RELATIONS: the folder of SymbolOf\.toml"):
                await store.forget("old")
