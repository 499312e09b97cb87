"""Client disconnects."""

from starlette.types import Receive

from service.runtime.cancellation import Disconnect


def client_disconnected(receive: Receive) -> Disconnect:
    """Waits for the end of a request's connection. The rest of the body is read and dropped."""

    async def disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return disconnected
