"""Who sends messages without end."""

import socket
import threading

from tests.patience import PATIENCE
from tests.system.running import Client
from tests.waiting import join


class Caller:
    """Sends a message a connection, one after the other; whatever is not 250 is a fault."""

    def __init__(self, port: int) -> None:
        self.sent = 0
        self.faults: list[str] = []
        self._port = port
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        """Send."""
        while not self._leaving.is_set():
            try:
                # At once: a port that is closed for a moment would be seen.
                client = Client(socket.create_connection(("127.0.0.1", self._port), PATIENCE))
                reply = client.mail(f"number {self.sent}")
                client.quit()
            except (OSError, AssertionError) as error:
                self.faults.append(repr(error))
            else:
                if reply.startswith("250 "):
                    self.sent += 1
                else:
                    self.faults.append(reply)

    def leave(self) -> int:
        """Send no more; give the number of messages that were sent."""
        self._leaving.set()
        join(self._thread, "a caller to leave", 2 * PATIENCE)
        assert self.faults == []
        return self.sent
