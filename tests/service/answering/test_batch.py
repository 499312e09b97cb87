"""A batch that is stopped: no further question begins."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from schemas.errors import BadInput, CometgraphError
from schemas.infer import Answer
from service.answering.batch import answer_many
from service.answering.caller import LOCAL
from tests.support.requests import CAR, add, app_with, resources_of
from tests.support.triples import triple


def test_after_a_stop_the_questions_under_way_are_answered_and_no_other_begins(tmp_path: Path) -> None:
    is_stopped = False

    async def parts() -> AsyncGenerator[list[Any]]:
        nonlocal is_stopped
        yield [{"event": CAR}, {"event": "..."}, 7, {"event": CAR, "relation": "xWant"}]
        is_stopped = True
        yield [{"event": "..."}, {"event": CAR}]
        raise AssertionError("no further part is read")

    with app_with(str(tmp_path / "store")) as client:
        add(client, triple(CAR, "xWant", "to drive"))
        resources = resources_of(client)

        async def answers() -> list[Answer | CometgraphError]:
            return [one async for one in answer_many(parts(), resources, LOCAL, lambda: is_stopped)]

        assert client.portal is not None
        assert [type(one) for one in client.portal.call(answers)] == [Answer, BadInput, BadInput, Answer]
