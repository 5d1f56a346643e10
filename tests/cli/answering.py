"""A control socket that answers what a test wants."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE
from tests.waiting import join

ANSWER: dict[str, Any] = {
    "version": "1.0",
    "pid": 42,
    "hostname": "mx.example.org",
    "configuration": None,
    "options": ["--domain", "example.org"],
    "log": "this terminal",
    "started": "2026-11-28T12:00:00Z",
    "uptime": 97265.5,
    "listeners": ["[::]:25 and 0.0.0.0:25", "unix:/run/lmtp"],
    "metrics": "127.0.0.1:9025",
    "workers": [
        {"number": 1, "pid": 43, "serves": True, "sessions": 2},
        {"number": 2, "pid": 44, "serves": False, "sessions": 0},
    ],
    "health": {"state": "degraded", "reasons": {"lag": "the reactor is 2.0 s late"}},
    "sessions": {"open": 2, "most": 10000, "ended": 140, "public": 99},
    "messages": 12,
    "octets": 5 * 1024 * 1024,
    "dropped": 3,
    "junk": 4,
    "milters-junk": 1,
    "refusals": {"550 5.1.1 No such mailbox here": 2, "421 4.3.2 Too many sessions": 7},
    "shadow": {"refuse": {"facebookmail.com": 3, "others": 11}},
    "last-public": {
        "at": 1.0,
        "time": "2026-11-28T12:30:00Z",
        "address": "209.85.222.47",
        "session": "0123456789",
    },
    "checks": "SPF and DMARC",
    "milters": ["unix:/run/rspamd"],
    "clients": [],
}


class Served:
    """A socket that answers each who connects with the same octets, or by what is asked."""

    def __init__(self, path: Path, octets: bytes | Callable[[bytes], bytes]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.asked: list[bytes] = []
        self._answer = octets if callable(octets) else lambda _: octets
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        """Answer."""
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                connection.settimeout(PATIENCE)
                with connection, connection.makefile("rb") as lines:
                    self.asked.append(lines.readline())
                    connection.sendall(self._answer(self.asked[-1]))

    def end(self) -> None:
        """Answer no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        join(self._thread, "whoever asks to be answered")
