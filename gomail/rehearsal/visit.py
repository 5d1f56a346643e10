"""A visit as values: who comes with what, each thing that is said, and what came of all of it."""

from dataclasses import dataclass
from typing import NamedTuple

from gomail.address import Path
from gomail.events import Copy
from gomail.rehearsal.reasons import Reason
from gomail.reply import Reply


@dataclass(frozen=True, slots=True)
class Visit:
    """
    Who comes, and with what.

    Attributes:
        ip: the client's address.
        helo: what it calls itself.
        reverse_path: in MAIL FROM.
        forward_paths: in RCPT TO.
        content: of the message, with LF or CRLF; None to go no further than the recipients.
        tls: whether it begins with STARTTLS.
    """

    ip: str
    helo: str
    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes | None = None
    tls: bool = False


class Step(NamedTuple):
    """
    One thing that the client did.

    Attributes:
        said: a command; empty for connecting, in parentheses for content.
        reply: what the server answered.
        reasons: why.
    """

    said: str
    reply: Reply
    reasons: tuple[Reason, ...]


class Outcome(NamedTuple):
    """
    What came of a visit.

    Attributes:
        steps: of the session, in order.
        action: ``accept``, ``junk``, ``defer`` or ``refuse``: the worst that happened to anything.
        copies: that would have been stored.
    """

    steps: tuple[Step, ...]
    action: str
    copies: tuple[Copy, ...]


def mail_command(visit: Visit, content: bytes | None) -> str:
    """Write MAIL as a mail server would."""
    parts = [f"MAIL FROM:{visit.reverse_path}"]
    if content is not None:
        parts.append(f"SIZE={len(content)}")
        if not content.isascii():
            parts.append("BODY=8BITMIME")
    paths = (visit.reverse_path, *visit.forward_paths)
    if not all(str(path).isascii() for path in paths):
        parts.append("SMTPUTF8")
    return " ".join(parts)
