"""Which events a follower wants: all, or those of a session, a client's address, or a recipient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_KEYS = ("session", "address", "recipient")
MOST_SESSIONS = 1000  # that are remembered as those of a recipient


class Unwanted(ValueError):
    """A filter that can't be, in one line."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What is wanted; without any, everything is.

    Attributes:
        session: a session's id; the ids of its messages begin with it.
        address: of a client.
        recipient: as it is written in RCPT, without regard to case; the sessions that name it are
            told from there on.
    """

    session: str | None = None
    address: str | None = None
    recipient: str | None = None
    _theirs: dict[str, None] = field(default_factory=dict, compare=False)

    def has(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event, as `gomail.server.control.plain` gives it, is wanted."""
        session = event.get("session") or str(event.get("id", "")).partition(".")[0]
        if self.session is not None and session != self.session:
            return False
        if self.address is not None and _address(event) != self.address:
            return False
        return self.recipient is None or self._is_theirs(session, event)

    def _is_theirs(self, session: str, event: Mapping[str, Any]) -> bool:
        """Tell whether a session has named the recipient, by now."""
        path = f"<{self.recipient}>".casefold()
        said = [*event.get("to", ()), str(event.get("line", "")), str(event.get("said", ""))]
        if any(path in each.casefold() for each in said):
            if len(self._theirs) >= MOST_SESSIONS:
                del self._theirs[next(iter(self._theirs))]
            self._theirs[session] = None
        there = session in self._theirs
        if event.get("event") == "session":
            self._theirs.pop(session, None)
        return there


def read_wanted(request: Mapping[str, Any]) -> Wanted:
    """
    Read the filters of a request.

    Raises:
        Unwanted: one is no text, or is not known.
    """
    filters = {name: value for name, value in request.items() if name != "request"}
    for name, value in filters.items():
        if name not in _KEYS or not isinstance(value, str):
            msg = f"{', '.join(_KEYS)}, each a text, were expected, not {name[:20]!r}"
            raise Unwanted(msg)
    return Wanted(**filters)


def _address(event: Mapping[str, Any]) -> str:
    """Give the address of the client of an event; empty where it has none."""
    host, _, _ = str(event.get("peer", "")).rpartition(":")
    return host.strip("[]")
