"""One message arriving: its content comes, ends, is judged, and is stored."""

import math
import time
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.answers import Answer
from gomail.delivery.deposit import Deposit, Filing
from gomail.delivery.faults import is_alarming, is_of_system, refusal_of
from gomail.delivery.job import PATIENCE
from gomail.envelope import Envelope
from gomail.events import ContentDropped, Copy, Junked, MessageStored, Trouble, tell
from gomail.interfaces import IMessage
from gomail.message import trace
from gomail.message.content import Content
from gomail.message.examining import Examination, Verdict
from gomail.reception.consulting import Advisers, Watching
from gomail.reception.office import Office
from gomail.recipients.mailbox import Mailbox
from gomail.reply import BARE_NEWLINE, Refused, Reply

_TAKEN = Verdict()
Pair = tuple[str, str | None]  # an address, and the one that it is an alias of


@dataclass(slots=True)
class Filed:
    """One copy of a message that is going to be stored, and the addresses that it is for."""

    mailbox: Mailbox
    path: str
    addresses: list[Pair]

    def add(self, pair: Pair) -> None:
        """Note one more address that the same copy is for."""
        if len(self.addresses) < trace.MOST_DELIVERED_TO and pair not in self.addresses:
            self.addresses.append(pair)


@implementer(IMessage)
class Arrival:
    """
    One message arriving.

    Args:
        office: what all share.
        envelope: of the message.
        copies: that are going to be stored.
        examination: finds out who sent it, if anybody does.
        advisers: the milters that are asked about it, if there are any.
        refuse_bare_newlines: whether content with a bare LF is refused.
    """

    __slots__ = (
        "_advisers",
        "_content",
        "_copies",
        "_envelope",
        "_examination",
        "_office",
        "_refuse_bare_newlines",
    )

    def __init__(  # noqa: PLR0913 -- who and what it has to do with
        self,
        office: Office,
        envelope: Envelope,
        copies: tuple[Filed, ...],
        examination: Examination | None,
        advisers: Advisers | None = None,
        *,
        refuse_bare_newlines: bool,
    ) -> None:
        """Begin with no content."""
        self._office = office
        self._envelope = envelope
        self._copies = copies
        self._examination = examination
        self._advisers = advisers
        self._refuse_bare_newlines = refuse_bare_newlines
        # Of all folders, the tmp/ of a Maildir that it is for is sure to be there and writable.
        near = f"{copies[0].path}/tmp"  # noqa: S108 -- no shared one
        run = office.committer.run
        watching = Watching(examination, advisers) if advisers is not None else examination
        self._content = Content(
            office.limits, office.memory, run, near, self._above, witness=watching
        )

    def octetsReceived(self, octets: bytes) -> Answer[None]:
        """Keep the octets."""
        return self._content.take(octets)

    def connectionLost(self) -> None:
        """Throw the octets away."""
        self._content.close()
        if self._examination is not None:
            self._examination.close()
        tell(self._office.listeners, ContentDropped(self._envelope, "no message came of it"))

    def eomReceived(self) -> Answer[Reply]:
        """Judge the message, store it in every Maildir that it is for, durably, and then say so."""
        try:
            return self._judge()
        except BaseException:
            self._content.close()
            if self._examination is not None:
                self._examination.close()
            raise

    def _judge(self) -> Answer[Reply]:
        """Hear the verdict, if there is one. No coroutine is made where it is there at once."""
        self._content.end()
        if self._refuse_bare_newlines and self._content.bare_newlines:
            raise Refused(BARE_NEWLINE)
        ended = self._office.clock.seconds()
        verdict: Answer[Verdict] = _TAKEN
        if self._examination is not None:
            verdict = self._examination.verdict(self._envelope)
        if self._advisers is not None:
            verdict = self._consult(self._advisers, verdict)
        if isinstance(verdict, Verdict) and not verdict.junk:
            return self._store(verdict, ended)
        return self._store_judged(verdict, ended)

    async def _consult(self, advisers: Advisers, verdict: Answer[Verdict]) -> Verdict:
        """Hear what milters make of a message that is taken."""
        told, junk = verdict if isinstance(verdict, Verdict) else await verdict
        try:
            advice = await advisers.advice(self._content.pieces)
        except OSError as error:  # what was spooled can't be read once more
            raise self._fault(error, self._copies[0].path) from error
        if advice.block is not None:
            self._content.amend(advice.block)
        if advice.junk is not None:
            tell(self._office.listeners, Junked(self._envelope, advice.junk))
        return Verdict(told, junk or advice.junk is not None)

    async def _store_judged(self, verdict: Answer[Verdict], ended: float) -> Reply:
        """Go on once the verdict is known."""
        until = time.monotonic() + PATIENCE
        try:
            known = verdict if isinstance(verdict, Verdict) else await verdict
            if known.junk:
                self._copies = await self._junked()
            stored = self._store(known, ended, until)
        except BaseException:
            self._content.close()
            raise
        return await stored

    async def _junked(self) -> tuple[Filed, ...]:
        """Give the copies for the junk folders instead: one a mailbox."""
        junked: dict[str, Filed] = {}
        for copy in self._copies:
            path = await self._junk_of(copy)
            filed = junked.setdefault(path, Filed(copy.mailbox, path, []))
            for pair in copy.addresses:
                filed.add(pair)
        return tuple(junked.values())

    async def _junk_of(self, copy: Filed) -> str:
        """
        Give the junk folder of a copy's mailbox; where that can't be used, where the copy was for.

        There its reader sees what was found out. To defer the message would be to defer it for all
        whom it is for, for as long as one of them has a broken folder; and then it would bounce.
        """
        try:
            return await self._office.places.junk(copy.mailbox.maildir)
        except Refused as refused:
            what = f"junk for {copy.mailbox.name} is stored in {copy.path}: {refused.reason}"
            tell(self._office.listeners, Trouble(what))
            return copy.path

    def _store(self, verdict: Verdict, ended: float, until: float = math.inf) -> Deferred[Reply]:
        """Hand the copies to the committer. There are no coroutines here: each message comes by."""
        office = self._office
        filings = self._filings(verdict.told)
        deposit = Deposit(self._content, filings, office.hostname, office.ownership, until)
        return office.committer.commit(deposit).addBoth(self._let_go, ended)

    def _let_go(self, outcome: Deposit | Failure, ended: float) -> Reply | Failure:
        """Let go of the content, which *ended* at that time."""
        self._content.close()
        return outcome if isinstance(outcome, Failure) else self._stored(outcome, ended)

    def _stored(self, deposit: Deposit, ended: float) -> Reply:
        """Tell what came of it."""
        office = self._office
        if deposit.error is not None:
            raise self._fault(deposit.error, deposit.at)
        copies = tuple(
            Copy(filed.mailbox.name, f"{filed.path}/new/{name}")
            for filed, name in zip(self._copies, deposit.stored, strict=True)
        )
        size, bare = self._content.size, self._content.bare_newlines
        seconds = office.clock.seconds() - ended
        tell(office.listeners, MessageStored(self._envelope, copies, size, seconds, bare))
        return Reply(250, "0.0", f"stored as {deposit.stored[0]}")

    def _fault(self, error: OSError, at: str) -> Refused:
        """Tell of a fault of the disk, have nobody run into it for a moment, and give the reply."""
        office = self._office
        refused = refusal_of(error, at)
        if is_of_system(error):
            office.room.defer(refused)
        else:
            office.places.suspend(at, refused, own=not is_alarming(error))
        tell(office.listeners, Trouble(f"a message could not be stored: {refused.reason}"))
        return refused

    def _filings(self, told: bytes) -> list[Filing]:
        """Write the trace fields of each copy; *told* are those of what was found out."""
        above = trace.return_path(self._envelope.reverse_path)
        below = trace.received(self._envelope, self._office.hostname, time.time())
        if told and self._content.in_memory is None:
            told = trace.padded(told, self._room)
        return [
            Filing(copy.path, above + trace.delivered_to(copy.addresses) + told + below)
            for copy in self._copies
        ]

    @property
    def _room(self) -> int:
        """How many octets are left for what is found out."""
        return 0 if self._examination is None else self._examination.room

    def _above(self) -> int:
        """
        Tell how many octets the first copy's trace fields are.

        They are as many now as later, but for a new day's, and for junk with its own addresses.
        """
        return len(self._filings(b"")[0].trace) + self._room
