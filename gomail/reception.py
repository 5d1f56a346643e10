"""
The story: a client comes, names a sender and recipients, and leaves a message, stored for good.

Read top to bottom it is the life of a message. `Reception` asks the rooms in order, for whom, what
we think of it and where it goes, and answers with replies; it knows of no socket and no thread.
"""

import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.address import Address, Path
from gomail.answers import Answer
from gomail.delivery.committer import Committer
from gomail.delivery.deposit import Deposit, Filing
from gomail.delivery.faults import is_of_system, refusal_of
from gomail.delivery.maildir import PRIVATE, Ownership
from gomail.delivery.places import Places
from gomail.delivery.room import Room
from gomail.envelope import Client, Envelope, MailParameters
from gomail.events import ContentDropped, Copy, Listeners, MessageStored, Trouble, tell
from gomail.interfaces import IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.limits import Limits
from gomail.message import trace
from gomail.message.content import Content, Memory
from gomail.recipients.directory import Directory
from gomail.recipients.hosted import Destinations
from gomail.recipients.mailbox import Destination
from gomail.reply import BARE_NEWLINE, TOO_MANY_RECIPIENTS, Refused, Reply


@dataclass(slots=True)
class Office:
    """
    What all receptions of a server share.

    Attributes:
        hostname: ours.
        directory: who gets what; replaced as a whole when the configuration is read again.
        limits: of messages and memory.
        committer: the thread that touches the disk.
        places: which Maildirs can take mail.
        room: what is left on their disk.
        ownership: of what is stored.
        clock: the reactor.
        listeners: who is told.
    """

    hostname: str
    directory: Directory
    limits: Limits
    committer: Committer
    places: Places
    room: Room
    clock: IReactorTime
    ownership: Ownership = PRIVATE
    listeners: Listeners = ()
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no message in memory."""
        self.memory = Memory(self.limits.memory)


@implementer(IMessageDeliveryFactory)
class Receptions:
    """
    Gives each session its reception.

    Args:
        office: what they share.
        refuse_bare_newlines: whether content with a bare LF is refused instead of stored.
    """

    def __init__(self, office: Office, *, refuse_bare_newlines: bool = False) -> None:
        self._office = office
        self._refuse_bare_newlines = refuse_bare_newlines

    def deliveryFor(self, client: Client) -> "Reception":
        """Give the reception of a new session."""
        return Reception(self._office, refuse_bare_newlines=self._refuse_bare_newlines)


@implementer(IMessageDelivery)
class Reception:
    """Receives the messages of one session."""

    __slots__ = ("_copies", "_office", "_refuse_bare_newlines")

    def __init__(self, office: Office, *, refuse_bare_newlines: bool = False) -> None:
        """Begin outside any transaction."""
        self._office = office
        self._refuse_bare_newlines = refuse_bare_newlines
        self._copies: dict[str, Filed] = {}  # by the path of the Maildir: one copy each

    def greeted(self, client: Client) -> None:
        """Welcome everybody."""

    def validateFrom(
        self,
        client: Client,
        reversePath: Path,
        parameters: MailParameters,
    ) -> Answer[None]:
        """Welcome every sender while there is room on the disk."""
        self._copies = {}
        return self._office.room.find(parameters.size or 0)

    def validateTo(self, forwardPath: Path) -> Answer[None]:
        """Find out whose mailboxes this is for, and that each can take mail now."""
        address = forwardPath.address
        if address is None:
            msg = "a forward-path has an address"
            raise ValueError(msg)
        found = self._office.directory.find(address)
        if isinstance(found, tuple):  # in memory, as it is everywhere but in a database
            return self._open(found, address)
        return self._open_found(found, address)

    async def _open_found(self, found: Awaitable[Destinations], original: Address) -> None:
        """Go on once the database has answered."""
        opened = self._open(await found, original)
        if opened is not None:
            await opened

    def _open(self, destinations: Sequence[Destination], original: Address) -> Answer[None]:
        """See that every mailbox of a recipient can take mail, then note their copies."""
        places = self._office.places
        paths: list[str] = []
        for mailbox, _, _, folder in destinations:
            path = places.known(mailbox.maildir, folder)
            if path is None:
                return self._open_later(destinations, original, paths)
            paths.append(path)
        self._note(destinations, original, paths)
        return None

    async def _open_later(
        self, destinations: Sequence[Destination], original: Address, paths: list[str]
    ) -> None:
        """Do the same where the disk has to be asked first; *paths* are those that are known."""
        places = self._office.places
        for mailbox, _, _, folder in destinations[len(paths) :]:
            path = places.known(mailbox.maildir, folder)
            paths.append(await places.ask(mailbox.maildir, folder) if path is None else path)
        self._note(destinations, original, paths)

    def _note(
        self, destinations: Sequence[Destination], original: Address, paths: Sequence[str]
    ) -> None:
        """
        Note a copy for each Maildir: one, by however many addresses it is reached.

        Raises:
            Refused: with those before it these would be too many files for one message.
        """
        copies = self._copies
        if copies:
            further = len(set(paths).difference(copies))
            if len(copies) + further > self._office.limits.recipients:
                raise Refused(TOO_MANY_RECIPIENTS, "its aliases stand for too many mailboxes")
        for (mailbox, address, aliased, _), path in zip(destinations, paths, strict=True):
            pair = (address, str(original) if aliased else None)
            filed = copies.get(path)
            if filed is None:
                copies[path] = Filed(mailbox.name, path, [pair])
            elif len(filed.addresses) < trace.MOST_DELIVERED_TO and pair not in filed.addresses:
                filed.addresses.append(pair)

    def messageStarted(self, envelope: Envelope) -> "Arrival":
        """Get ready for the content."""
        return Arrival(
            self._office,
            envelope,
            tuple(self._copies.values()),
            refuse_bare_newlines=self._refuse_bare_newlines,
        )

    def transactionEnded(self) -> None:
        """Forget who it was for."""
        self._copies = {}


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
