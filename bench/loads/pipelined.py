"""
Many small messages a connection, with commands pipelined as RFC 2920 has it.

``python -m bench.loads.pipelined PORT SESSIONS MESSAGES NAME SIZE``. MAIL, RCPT and DATA are one
write, the content is the next one once 354 has come.
"""

import select
import sys
import time
from dataclasses import dataclass

from bench.letters import letter
from bench.loads.client import DATA, MAIL, RCPT, Client, tell

_GROUP = MAIL + RCPT + DATA
_PATIENCE = 60.0


@dataclass(slots=True)
class Session:
    """One connection, how many replies it waits for, and whether one of them ends a message."""

    client: Client
    awaited: int = 3
    ending: bool = False


def run(port: int, sessions: int, messages: int, octets: bytes) -> float:
    """Send all messages; give the seconds."""
    poll = select.epoll()
    waiting: dict[int, Session] = {}
    for _ in range(min(sessions, messages)):
        session = Session(Client(port).greet())
        waiting[session.client.socket.fileno()] = session
        poll.register(session.client.socket, select.EPOLLIN)
    began = time.perf_counter()
    left = messages - len(waiting)
    for session in waiting.values():
        session.client.socket.sendall(_GROUP)
    while waiting:
        ready = poll.poll(_PATIENCE)
        if not ready:
            sys.exit(f"nothing came for {_PATIENCE:.0f} s")
        for number, _ in ready:
            session = waiting[number]
            if not _heard(session):
                continue
            if not session.ending:
                session.awaited, session.ending = 1, True
                session.client.socket.sendall(octets)
            elif left:
                left -= 1
                session.awaited, session.ending = 3, False
                session.client.socket.sendall(_GROUP)
            else:
                poll.unregister(number)
                del waiting[number]
    return time.perf_counter() - began


def _heard(session: Session) -> bool:
    """Read what has come; tell whether all replies that were awaited have."""
    replies = session.client.socket.recv(65536)
    if not replies or any(line[:1] not in b"23" for line in replies.splitlines()):
        sys.exit(f"the server said {replies!r}")
    session.awaited -= replies.count(b"\n")
    return session.awaited == 0


def main() -> None:
    """Send, and tell."""
    port, sessions, messages = map(int, sys.argv[1:4])
    seconds = run(port, sessions, messages, letter(sys.argv[4], int(sys.argv[5])).octets)
    tell(seconds=seconds)


if __name__ == "__main__":
    main()
