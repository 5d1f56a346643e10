"""
A message out of a file, examined as the server examines one that comes.

So a case that went wrong can be kept, together with the DNS of that day (`gomail.checks.dns.zone`),
and tried again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, NamedTuple

from gomail.address import Path
from gomail.checks.forged import forged
from gomail.checks.opinion import Opinion
from gomail.checks.panel import Examination, Panel
from gomail.limits import Limits
from gomail.message.content import Content, Memory
from gomail.reply import TOO_BIG, Refused

_PIECE = 64 * 1024  # octets, of the size in which they come from a socket


class Sender(NamedTuple):
    """
    Who is said to send the message.

    Attributes:
        ip: the client's address.
        helo: what it calls itself.
        reverse_path: whom it names as the sender.
    """

    ip: str
    helo: str
    reverse_path: Path


class Found(NamedTuple):
    """
    What came of it.

    Attributes:
        opinion: what is thought of the message.
        forged: how many of its fields bear our name.
    """

    opinion: Opinion
    forged: int


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """Give the octets of a file as they would come."""
    while octets := file.read(_PIECE):
        yield octets


async def examine(
    panel: Panel, sender: Sender, message: Iterable[bytes], authserv_id: str, limits: Limits
) -> Found:
    """
    Examine a message.

    Args:
        panel: finds out.
        sender: of the message.
        message: its octets in pieces, with CRLF or LF.
        authserv_id: our name (RFC 8601 §2.5).
        limits: of size and header, as the server has them.

    Raises:
        Refused: the server would not take the message, whoever sent it.
        OSError: it can't be read.
    """
    examination = panel.begin(*sender)
    witness = _Witness(examination, authserv_id)
    try:
        _show(message, witness, limits)
    except BaseException:
        examination.close()
        raise
    return Found(await examination.opinion(), witness.forged)


def _show(message: Iterable[bytes], witness: "_Witness", limits: Limits) -> None:
    """Show a message to a witness by way of what the server puts between the two."""
    # All of it stays in memory: there is no Maildir here, on whose disk it could be spooled.
    limits = replace(limits, content_in_memory=limits.size, memory=limits.size)
    content = Content(limits, Memory(limits.memory), _spool, "", witness=witness)
    size = 0
    for octets in message:
        size += len(octets)
        if size > limits.size:
            raise Refused(TOO_BIG)
        content.take(octets)
    content.end()
    content.close()


def _spool(*_: object) -> Any:  # noqa: ANN401 -- it gives nothing
    """Be asked for a spool file, which what is within the limits never does."""
    raise AssertionError("a message in memory was to be spooled")


class _Witness:
    """Looks at the message, and counts the fields that bear our name; they are not stored."""

    def __init__(self, examination: Examination, authserv_id: str) -> None:
        self.forged = 0
        self.body = examination.body
        self._examination = examination
        self._authserv_id = authserv_id

    def header(self, block: bytes) -> Sequence[tuple[int, int]]:
        """Take the header block."""
        self._examination.header(block)
        found = forged(block, self._authserv_id)
        self.forged = len(found)
        return found
