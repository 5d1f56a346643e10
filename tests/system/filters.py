"""A milter in a thread of the tests' own, on a real socket, which may die and hang."""

import socket
import socketserver
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from tests.milters.filter import Filter
from tests.waiting import join, within


class _Session(socketserver.BaseRequestHandler):
    """One connection of a server's."""

    def handle(self) -> None:
        """Answer what comes, to its end."""
        server: Any = self.server
        take = server.filtering.parser()
        server.connections.append(self.request)
        with suppress(OSError):  # it was cut
            while octets := self.request.recv(65536):
                self.request.sendall(take(octets))


class Listening:
    """
    A filter that listens.

    Args:
        filtering: what it says; its answers may change between messages.
        path: of its unix socket; a TCP port of its own without.

    Attributes:
        endpoint: as a configuration names it.
    """

    def __init__(self, filtering: Filter, path: Path | None = None) -> None:
        kind: Any = socketserver.ThreadingTCPServer
        if path is not None:
            kind = socketserver.ThreadingUnixStreamServer
        self._server = kind(("127.0.0.1", 0) if path is None else str(path), _Session)
        self._server.daemon_threads = True
        self._server.filtering = filtering
        self._server.connections = []
        self._path = path
        self.endpoint = (
            f"unix:{path}" if path else f"inet:{self._server.server_address[1]}@127.0.0.1"
        )
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def die(self) -> None:
        """Take nothing more, and cut what there is; once."""
        if not self._thread.is_alive():
            return
        within(self._server.shutdown, "the filter's end")
        join(self._thread, "the filter's end")
        self._server.server_close()
        if self._path is not None:
            self._path.unlink()
        for connection in self._server.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
