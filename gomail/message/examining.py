"""
What the reception asks of those who find out who sent a message.

`gomail.checks.examiner` answers, where that is installed and wanted. So the reception needs none of
the libraries that checks are made of.
"""

from typing import NamedTuple, Protocol

from gomail.address import Path
from gomail.answers import Answer
from gomail.envelope import Client, Envelope
from gomail.message.content import Witness


class Verdict(NamedTuple):
    """
    What becomes of a message that is taken.

    Attributes:
        told: the trace fields that tell its readers what was found, with LF.
        junk: whether it goes into the junk folders.
    """

    told: bytes = b""
    junk: bool = False


class Examination(Witness, Protocol):
    """
    Looks at one message, from its first recipient to its end.

    Attributes:
        room: octets that are left for what is told, on top of a message that is too big for memory;
            should it be longer, the message is written twice.
    """

    room: int

    def verdict(self, envelope: Envelope) -> Answer[Verdict]:
        """
        Judge the message, which has come to its end.

        Raises:
            Refused: it is not taken.
        """

    def close(self) -> None:
        """Look no further: there will be no message."""


class Examiner(Protocol):
    """Begins examinations."""

    def begin(self, client: Client, reverse_path: Path) -> Examination:
        """Begin with what *client* is going to send in the name of *reverse_path*."""
