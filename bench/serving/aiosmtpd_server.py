"""
aiosmtpd as a server: a handler that keeps nothing, or its own for a Maildir.

``python -m bench.serving.aiosmtpd_server PORT null|mailbox FOLDER``. Its Mailbox parses the message
and has Python's mailbox module store it: fsync of the file, but not of the folder.
"""

import asyncio
import signal
import sys
from typing import Any

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

from bench.loads.client import raise_descriptors
from bench.peers.peer import HOSTNAME, SIZE

_BACKLOG = 4096


class Nothing:
    """Says 250 and forgets."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        return "250 OK"


async def serve(port: int, handler: Any) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()

    def session() -> Any:
        return SMTP(handler, hostname=HOSTNAME, data_size_limit=SIZE, loop=loop)

    await loop.create_server(session, "127.0.0.1", port, backlog=_BACKLOG)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()


if __name__ == "__main__":
    raise_descriptors()
    handler = Nothing() if sys.argv[2] == "null" else Mailbox(sys.argv[3])
    asyncio.run(serve(int(sys.argv[1]), handler))
