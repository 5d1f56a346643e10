"""
Events as those hear of them who follow a server: plain values, named as the log names them.

What the log has no line for is told here as well: ``connected``, ``said`` (a line of a dialogue,
never of content) and ``measured``. Octets of the peer's are escaped and cut, as everywhere.
"""

import time
from typing import Any

from gomail.envelope import Client
from gomail.events import Event, Measured, Said, SessionStarted
from gomail.server.lines import printable, values
from gomail.server.log import stamp

Plain = dict[str, Any]
LONGEST = 600  # octets of a line that is shown: a command line with a path (RFC 5321 §4.5.3.1.3)


def plain(event: Event) -> Plain | None:
    """Give an event as plain values, which JSON and pipes can carry."""
    match event:
        case SessionStarted(client):
            told = {"event": "connected", **of_client(client)}
        case Said(client, speaker, octets):
            line = ascii(octets[:LONGEST].decode("latin-1"))[1:-1]
            told = {"event": "said", **of_client(client), "speaker": speaker, "line": line}
        case Measured():
            told = {"event": "measured", **_measured(event)}
        case _:
            found = values(event)
            if found is None:
                return None
            told = found
    return {"time": stamp(time.time()), **told}


def of_client(client: Client) -> Plain:
    """Give what is known of a client by now."""
    encryption = client.encryption
    return {
        "session": client.session_id,
        "peer": str(client),
        "address": client.address,
        "helo": printable(client.helo[:LONGEST]),
        "tls": encryption.version if encryption else None,
        "cipher": encryption.cipher if encryption else None,
    }


def _measured(event: Measured) -> Plain:
    """Give what was measured."""
    return {
        "lag": round(event.lag, 6),
        "sessions": event.sessions.used,
        "latency": round(event.storing.latency, 6),
        "free": event.disk.free,
    }
