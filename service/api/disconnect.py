"""Client disconnects."""

from starlette.types import Receive

from service.runtime.cancellation import Disconnect


def client_disconnected(receive: Receive) -> Disconnect:
    """Tells when the client of a request closes its connection; what is left of the body is read and dropped."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return gone
