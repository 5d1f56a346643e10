"""Every dialogue live, line by line, as a person would write it down."""

from collections.abc import Callable

from gomail.envelope import Client
from gomail.events import Event, MessageStored, Said, SessionEnded, SessionStarted

_SHOWN = 200  # octets of a line


class Dialogue:
    """A listener that writes ``[7: 209.85.222.47:40695] C: MAIL FROM:<...>``, sessions numbered."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Write lines by *write*."""
        self._write = write
        self._numbers: dict[str, int] = {}
        self._sessions = 0

    def __call__(self, event: Event) -> None:
        """Write what was said, and when a session began and ended; content is only mentioned."""
        match event:
            case SessionStarted(client):
                self._sessions += 1
                self._numbers[client.session_id] = self._sessions
                self._line(client, "connected")
            case Said(client, speaker, octets):
                self._line(client, f"{speaker}: {_readable(octets)}")
            case MessageStored(envelope=envelope, size=size):
                self._line(envelope.client, f"({size} octets of content)")
            case SessionEnded(client):
                self._line(client, "closed")
                self._numbers.pop(client.session_id, None)

    def _line(self, client: Client, what: str) -> None:
        """Write one line of a session."""
        self._write(f"[{self._numbers.get(client.session_id, '?')}: {client}] {what}")


def _readable(octets: bytes) -> str:
    """Give a line of the peer's as ASCII without controls."""
    cut = "..." if len(octets) > _SHOWN else ""
    return ascii(octets[:_SHOWN].decode("latin-1"))[1:-1] + cut
