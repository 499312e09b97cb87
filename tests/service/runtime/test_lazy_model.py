"""A model that cannot be loaded: its state, its errors, and who tries again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from schemas.errors import BadInput, Unavailable
from schemas.progress import Progress, silent
from service.runtime.lazy_model import LazyModel, persistently
from service.runtime.model_process import Remote

pytestmark = pytest.mark.anyio
Load = Callable[[Progress], Awaitable[Remote[None]]]
LOG = logging.getLogger("cometgraph.test")


def failing(*errors: Exception) -> tuple[Load, list[str]]:
    """A load that fails by each error in turn, and the names of the errors so far."""
    raised: list[str] = []

    async def load(progress: Progress) -> Remote[None]:
        progress("reading", 0, 0)
        error = errors[len(raised)]
        raised.append(type(error).__name__)
        raise error

    return load, raised


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadInput.of("student", "x", "a folder"), "student: 'x' is not a folder"),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh"),
        (Unavailable("the file is cut off", None), "the file is cut off"),
    ],
)
async def test_a_failure_for_good_names_the_reason_and_no_time_to_come_back(
    error: Exception, reason: str, is_late: bool
) -> None:
    load, _ = failing(error)
    model = LazyModel("the student", load, LOG, is_late=is_late, wait=5.0)
    model.start()
    with pytest.raises(Unavailable) as caught:
        await model.ready()
    assert (str(caught.value), caught.value.retry_after) == (f"the student cannot be used: {reason}", None)
    assert (model.state, model.reason, model.is_loading) == ("failed", reason, False)
    await model.close()


@pytest.mark.parametrize("error", [OSError("disk full"), MemoryError("no room"), Unavailable("killed", 2)])
async def test_a_passing_failure_is_told_with_the_next_try(error: Exception) -> None:
    load, raised = failing(error)
    model = LazyModel("the student", load, LOG, is_late=False)
    model.start()
    with pytest.raises(Unavailable, match=r"the student is being made ready \(starting\)"):
        await model.ready()
    for _ in range(100):  # the load runs beside
        await asyncio.sleep(0)
    assert (model.state, model.doing, model.is_loading) == ("loading", f"{error}; next try in 1 s", True)
    with pytest.raises(Unavailable, match="next try in 1 s") as caught:
        await model.ready()
    assert caught.value.retry_after == 5
    await model.close()
    assert (model.is_loading, len(raised)) == (False, 1)


async def test_a_late_model_loads_once_for_all_who_wait_and_again_for_the_next() -> None:
    load, raised = failing(OSError("disk full"), ZeroDivisionError("oh"))
    model = LazyModel("the judge", load, LOG, is_late=True)
    model.start()
    await asyncio.sleep(0)
    assert raised == []
    results = await asyncio.gather(*(model.ready() for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 3
    assert raised == ["OSError"]
    for _ in range(3):  # what no retry can mend is not tried again
        with pytest.raises(Unavailable, match="ZeroDivisionError"):
            await model.ready()
        assert len(raised) == 2


async def test_an_error_that_no_retry_can_mend_is_raised_at_once() -> None:
    def wait(error: Exception, pause: float) -> None:
        raise AssertionError("nobody waits")

    for error in (BadInput.of("judge", "x", "a folder"), Unavailable("cut off", None), ValueError("oh")):
        load, _ = failing(error)
        with pytest.raises(type(error)):
            await persistently(lambda load=load: load(silent), wait)
