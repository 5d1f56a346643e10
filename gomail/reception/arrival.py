"""One message arriving: its content comes, ends, and is stored."""

import time
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.answers import Answer
from gomail.delivery.deposit import Deposit, Filing
from gomail.delivery.faults import is_of_system, refusal_of
from gomail.envelope import Envelope
from gomail.events import ContentDropped, Copy, MessageStored, Trouble, tell
from gomail.interfaces import IMessage
from gomail.message import trace
from gomail.message.content import Content
from gomail.reception.office import Office
from gomail.reply import BARE_NEWLINE, Refused, Reply


@dataclass(slots=True)
class Filed:
    """One copy of a message that is going to be stored, and the addresses that it is for."""

    mailbox: str
    path: str
    addresses: list[tuple[str, str | None]]


@implementer(IMessage)
class Arrival:
    """One message arriving: its content comes, ends, and is stored."""

    __slots__ = ("_content", "_copies", "_envelope", "_office", "_refuse_bare_newlines")

    def __init__(
        self,
        office: Office,
        envelope: Envelope,
        copies: tuple[Filed, ...],
        *,
        refuse_bare_newlines: bool,
    ) -> None:
        """Begin with no content."""
        self._office = office
        self._envelope = envelope
        self._copies = copies
        self._refuse_bare_newlines = refuse_bare_newlines
        # Of all folders, the tmp/ of a Maildir that it is for is sure to be there and writable.
        near = f"{copies[0].path}/tmp"  # noqa: S108 -- no shared one
        run = office.committer.run
        self._content = Content(office.limits, office.memory, run, near, self._above)

    def octetsReceived(self, octets: bytes) -> Answer[None]:
        """Keep the octets."""
        return self._content.take(octets)

    def connectionLost(self) -> None:
        """Throw the octets away."""
        self._content.close()
        tell(self._office.listeners, ContentDropped(self._envelope, "no message came of it"))

    def eomReceived(self) -> Deferred[Reply]:
        """Store the message in every Maildir that it is for, durably, and only then say so."""
        try:
            return self._store()
        except BaseException:
            self._content.close()
            raise

    def _store(self) -> Deferred[Reply]:
        """Hand the copies to the committer. There are no coroutines here: each message comes by."""
        self._content.end()
        if self._refuse_bare_newlines and self._content.bare_newlines:
            raise Refused(BARE_NEWLINE)
        office = self._office
        ended = office.clock.seconds()
        deposit = Deposit(self._content, self._filings(), office.hostname, office.ownership)
        return office.committer.commit(deposit).addBoth(self._let_go, ended)

    def _let_go(self, outcome: Deposit | Failure, ended: float) -> Reply | Failure:
        """Let go of the content, which *ended* at that time."""
        self._content.close()
        return outcome if isinstance(outcome, Failure) else self._stored(outcome, ended)

    def _stored(self, deposit: Deposit, ended: float) -> Reply:
        """Tell what came of it."""
        office = self._office
        if deposit.error is not None:
            refused = refusal_of(deposit.error, deposit.at)
            if is_of_system(deposit.error):
                office.room.defer(refused)
            else:
                office.places.suspend(deposit.at, refused)
            tell(office.listeners, Trouble(f"a message could not be stored: {refused.reason}"))
            raise refused
        copies = tuple(
            Copy(filed.mailbox, f"{filed.path}/new/{name}")
            for filed, name in zip(self._copies, deposit.stored, strict=True)
        )
        size, bare = self._content.size, self._content.bare_newlines
        seconds = office.clock.seconds() - ended
        tell(office.listeners, MessageStored(self._envelope, copies, size, seconds, bare))
        return Reply(250, "0.0", f"stored as {deposit.stored[0]}")

    def _filings(self) -> list[Filing]:
        """Write the trace fields of each copy."""
        above = trace.return_path(self._envelope.reverse_path)
        below = trace.received(self._envelope, self._office.hostname, time.time())
        return [
            Filing(copy.path, above + trace.delivered_to(copy.addresses) + below)
            for copy in self._copies
        ]

    def _above(self) -> int:
        """Tell how many octets the first copy's are: as many now as later, but for a new day's."""
        return len(self._filings()[0].trace)
