"""
The service manager, as a process of ours tells it something (sd_notify(3)).

Without NOTIFY_SOCKET in the environment there is nobody to tell. What can't be told is logged once.
"""

import os
import socket
from datetime import timedelta
from typing import Self

from systemd_watchdog.systemd_watchdog import WatchDog
from twisted.logger import Logger

SEND_TIME = 1.0  # seconds that the manager may take to take what is told
_log = Logger()


class Line(WatchDog):
    """
    The line to the service manager; the library knows its address, and how long its watchdog waits.

    Attributes:
        interval: seconds from one sign of life to the next; None where none are expected of us.
    """

    def __init__(self, address: str) -> None:
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.settimeout(SEND_TIME)
        super().__init__(manager, address)
        asked = timedelta(0) < self.timeout_td != self._default_timeout
        self.interval = self.timeout_td.total_seconds() / 2 if asked else None
        self._broken = False

    @classmethod
    def found(cls) -> Self | None:
        """Give the line, if there is a manager at its other end."""
        address = os.environ.get("NOTIFY_SOCKET")
        return cls(address) if address else None

    def tell(self, *assignments: str) -> None:
        """Send VARIABLE=value lines, in one datagram; the library has names only for some."""
        try:
            self._send("\n".join(assignments) + "\n")
        except OSError as error:
            if not self._broken:
                self._broken = True
                _log.warn("the service manager can't be told: {error}", error=error)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
