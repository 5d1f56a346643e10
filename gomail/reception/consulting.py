"""
Milters in the story: who hears of a message besides those who examine it, and what comes of that.

`gomail.milters` asks them; here is what a reception needs of it.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

from gomail.address import Path
from gomail.answers import Answer
from gomail.envelope import Client, MailParameters
from gomail.message.content import Witness
from gomail.milters.changes import Change, amended
from gomail.milters.milters import Milters, Session
from gomail.milters.outcome import Refusal
from gomail.reply import Refused


class JunkField(NamedTuple):
    """
    A header field by which a milter says that a message is junk.

    Attributes:
        name: in lower case.
        value: likewise, without blanks around it.
    """

    name: bytes
    value: bytes

    def __str__(self) -> str:
        """Write it as a header has it."""
        return f"{self.name.decode()}: {self.value.decode()}"

    def is_in(self, changes: Sequence[Change]) -> bool:
        """Tell whether a milter has written it; what the sender writes says nothing."""
        return any(
            change.name.lower() == self.name and change.value.strip().lower() == self.value
            for change in changes
        )


def junk_field(text: str) -> JunkField:
    """Read a field as it stands in a configuration."""
    name, _, value = text.encode().partition(b":")
    return JunkField(name.lower(), value.strip().lower())


class Consulting(NamedTuple):
    """
    Which milters are consulted, and what they may say.

    Attributes:
        milters: all of them, in order.
        junk: fields by which they say that a message is junk.
    """

    milters: Milters
    junk: Sequence[JunkField] = ()


class Advice(NamedTuple):
    """
    What milters make of a message that they take.

    Attributes:
        block: its header block, as they have changed it; None where it is as it came.
        junk: why it goes into the junk folders; None: it does not.
    """

    block: bytes | None = None
    junk: str | None = None


class Advisers:
    """
    The milters of one session.

    Args:
        consulting: whom to ask.
    """

    __slots__ = ("_block", "_junk", "_session")

    def __init__(self, consulting: Consulting) -> None:
        self._session: Session = consulting.milters.session()
        self._junk = consulting.junk
        self._block = b""

    async def mail(self, client: Client, path: Path, parameters: MailParameters) -> None:
        """Ask about a sender; raise Refused if one of them refuses."""
        _heed(await self._session.mail(client, path, parameters))

    async def recipient(self, path: Path) -> None:
        """Ask about a recipient, likewise."""
        _heed(await self._session.recipient(path))

    async def data(self, envelope_id: str) -> None:
        """Tell that content follows, likewise."""
        _heed(await self._session.data(envelope_id))

    def header(self, block: bytes) -> None:
        """Show the header block, as it is going to be stored."""
        self._block = block
        self._session.header(block)

    def body(self, octets: bytes) -> Answer[None]:
        """Show a piece of the body."""
        return self._session.body(octets)

    async def advice(self, pieces: Callable[[], AsyncIterator[bytes]]) -> Advice:
        """
        Hear what they make of the message, which has come to its end.

        Args:
            pieces: gives the body once more.

        Raises:
            Refused: one of them refuses.
        """
        refusal, changes, quarantine = await self._session.end(pieces)
        _heed(refusal)
        for field in self._junk:
            if quarantine is None and field.is_in(changes):
                quarantine = f"a milter says {field}"
        return Advice(amended(self._block, changes) if changes else None, quarantine)

    def abort(self) -> None:
        """Have them forget the message: there will be none."""
        self._session.abort()

    def close(self) -> None:
        """Part from them."""
        self._session.close()


def _heed(refusal: Refusal | None) -> None:
    """Raise a refusal."""
    if refusal is not None:
        raise Refused(refusal.reply, refusal.reason)


class Watching:
    """
    Has everybody look at a message who wants to; a `gomail.message.content.Witness`.

    Args:
        first: who may leave fields out, if anybody.
        advisers: who is shown what is left.
    """

    __slots__ = ("_advisers", "_first")

    def __init__(self, first: Witness | None, advisers: Advisers) -> None:
        self._first = first
        self._advisers = advisers

    def header(self, block: bytes) -> Sequence[tuple[int, int]]:
        """Show the header block."""
        ranges = () if self._first is None else self._first.header(block)
        kept = bytearray(block)
        for start, stop in reversed(ranges):
            del kept[start:stop]
        self._advisers.header(bytes(kept))
        return ranges

    def body(self, octets: bytes) -> Answer[None]:
        """Show a piece of the body."""
        if self._first is not None:
            self._first.body(octets)
        return self._advisers.body(octets)
