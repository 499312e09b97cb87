"""A faulty server: nothing is lost, the usage is the server's own, and the budget holds.

Equal to the token: the replies that reached us with a usage. Bounded by their ceilings: attempts without one, which are
the cut, silent, empty and broken replies. So the server never charged more than we count as spent.
"""

from collections import Counter
from pathlib import Path

import pytest

from distill.teacher.call_log import BudgetSpent
from distill.teacher.calls import Budget
from distill.teacher.patience import Patience
from schemas.errors import Unavailable
from tests.support.completions_server import served
from tests.support.teacher_faults import ask, reconcile
from tests.support.teacher_server import FAULTS, TeacherServer, at_random

pytestmark = pytest.mark.anyio
PATIENCE = Patience(connect=30, silence=2, call=20, run=60)
EXPECTED = [[f" because of the event number {n}:"] * 2 for n in range(200)]


@pytest.mark.parametrize("honours_keys", [False, True])
async def test_a_run_on_a_faulty_server_completes_and_its_bill_is_the_servers(
    tmp_path: Path, honours_keys: bool
) -> None:
    path = tmp_path / "calls.sqlite"
    budget = Budget(nanodollars=1_000_000_000)
    server = TeacherServer(at_random(1, 0.3, *FAULTS), honours_keys, silence=10)
    with served(server.app()) as url:
        assert await ask(url, path, 100, budget, PATIENCE) == EXPECTED[:100]
        server.fault = lambda: "429"
        stopped = await ask(url, path, 200, budget, Patience(run=2))
        assert stopped[:100] == EXPECTED[:100]
        assert {type(result) for result in stopped[100:]} == {Unavailable}
        server.fault = at_random(2, 0.3, *FAULTS)
        assert await ask(url, path, 200, budget, PATIENCE) == EXPECTED
    found = reconcile(path, server)
    ours, theirs = found.told
    assert ours == theirs
    assert ours < found.charged <= found.spent
    assert found.charged_nanodollars <= found.nanodollars <= 1_000_000_000
    assert found.unexplained == 0
    assert (found.repeated == 0) is honours_keys
    assert {"answered", "refused", "unknown"} == found.states.keys()


async def test_the_budget_holds_on_a_faulty_server(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    budget = Budget(nanodollars=14_000_000)
    server = TeacherServer(at_random(3, 0.3, "429", "500", "cut before", "cut after", "empty", "not JSON"))
    with served(server.app()) as url:
        results = await ask(url, path, 200, budget, PATIENCE)
        assert Counter(map(type, results)).keys() == {list, BudgetSpent}
        assert {type(result) for result in await ask(url, path, 200, budget, PATIENCE)} <= {list, BudgetSpent}
    found = reconcile(path, server)
    assert found.charged_nanodollars <= found.nanodollars <= 14_000_000
    assert found.nanodollars > 13_000_000
