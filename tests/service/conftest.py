"""The event loop of asynchronous tests."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
