"""A TCP relay before a server. Stopped, it makes the server unreachable for its clients alone."""

import contextlib
import socket
import threading


class Relay:
    """Passes connections on to a server on this machine, on a free port of its own.

    turns: how often a client spoke after the server, or first: its round trips.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self.turns = 0
        self._is_client_next = True
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close all connections and refuse new ones."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the driver: no wait of 40 ms for an ACK
            self._sockets += [client, server]
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pass_on, args=(source, target, source is client), daemon=True)
                thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.turns += is_client and self._is_client_next
                self._is_client_next = not is_client
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
