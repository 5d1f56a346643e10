"""
What the dialogue remembers from a MAIL on: a `Transaction`, and the `Chunk` that is coming for it.

A transaction is replaced as a whole by the next one, in which nothing of an old one can be left
over.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from gomail.address import Path
from gomail.envelope import Envelope
from gomail.reply import Refused


@dataclass(slots=True)
class Transaction:
    """
    One mail transaction, from MAIL to the end of content (RFC 5321 §3.3).

    Attributes:
        envelope: what MAIL said.
        accepted: the forward-paths so far.
        asked: how many recipients were named, accepted or not.
    """

    envelope: Envelope
    accepted: list[Path] = field(default_factory=list)
    asked: int = 0

    def addressed(self) -> Envelope:
        """Give the envelope as it goes with content: with all forward-paths, written once."""
        if len(self.envelope.forward_paths) != len(self.accepted):
            self.envelope = self.envelope.to(self.accepted)
        return self.envelope


class Chunk(NamedTuple):
    """
    The octets that a BDAT command announces (RFC 3030 §2): they follow it, whatever we say to it.

    Attributes:
        size: how many.
        last: whether they end the message.
        refused: why not one of them is taken, where that is known before they come.
    """

    size: int
    last: bool
    refused: Refused | None = None


NO_CHUNK = Chunk(0, last=True)  # what comes is all the content that there is, as behind DATA
