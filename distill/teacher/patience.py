"""Time limits of calls to a server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits, in seconds.

    connect: for a connection.
    silence: between two parts of a reply.
    call: for a whole attempt.
    run: without any reply, before the run stops.
    """

    connect: float = 10.0
    silence: float = 120.0
    call: float = 300.0
    run: float = 600.0
