"""A transaction of the embedded graph."""

from collections.abc import Generator
from contextlib import contextmanager, suppress

import ladybug


@contextmanager
def transaction(connection: ladybug.Connection) -> Generator[None]:
    """Commit at the end, or undo everything after an error."""
    connection.execute("BEGIN TRANSACTION")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(RuntimeError):  # some failures end the transaction themselves
            connection.execute("ROLLBACK")
        raise
