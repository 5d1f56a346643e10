"""
The story: a client comes, names a sender and recipients, and leaves a message, stored for good.

Read top to bottom it is the life of a message. `Reception` asks the rooms in order, for whom, what
we think of it and where it goes, and answers with replies; it knows of no socket and no thread.
"""

from collections.abc import Awaitable, Sequence

from zope.interface import implementer

from gomail.address import Address, Path
from gomail.answers import Answer
from gomail.envelope import Client, Envelope, MailParameters
from gomail.interfaces import IFarewell, IMessageDelivery, IMessageDeliveryFactory
from gomail.message.examining import Examination
from gomail.reception.arrival import Arrival, Filed
from gomail.reception.consulting import Advisers
from gomail.reception.office import Office
from gomail.recipients.hosted import Destinations
from gomail.recipients.mailbox import Destination
from gomail.reply import TOO_MANY_RECIPIENTS, Refused


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


@implementer(IMessageDelivery, IFarewell)
class Reception:
    """Receives the messages of one session."""

    __slots__ = (
        "_advisers",
        "_copies",
        "_examination",
        "_office",
        "_refuse_bare_newlines",
        "_sender",
    )

    def __init__(self, office: Office, *, refuse_bare_newlines: bool = False) -> None:
        """Begin outside any transaction."""
        self._office = office
        self._refuse_bare_newlines = refuse_bare_newlines
        self._copies: dict[str, Filed] = {}  # by the path of the Maildir: one copy each
        self._examination: Examination | None = None
        self._sender: tuple[Client, Path] | None = None  # about whom nobody has been asked yet
        self._advisers: Advisers | None = None  # from the first message to the end

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
        self._sender = client, reversePath
        office = self._office
        found = office.room.find(parameters.size or 0)
        if self._advisers is None and office.consulting is not None:
            self._advisers = Advisers(office.consulting)
        if self._advisers is None:
            return found
        return self._consult(self._advisers, found, client, reversePath, parameters)

    async def _consult(
        self,
        advisers: Advisers,
        found: Answer[None],
        client: Client,
        reverse_path: Path,
        parameters: MailParameters,
    ) -> None:
        """Ask the milters about a sender, once there is room for him."""
        if found is not None:
            await found
        await advisers.mail(client, reverse_path, parameters)

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
        if self._advisers is not None:
            return self._note_approved(self._advisers, destinations, original, paths)
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
        if self._advisers is not None:
            await self._advisers.recipient(Path(original))
        self._note(destinations, original, paths)

    async def _note_approved(
        self,
        advisers: Advisers,
        destinations: Sequence[Destination],
        original: Address,
        paths: Sequence[str],
    ) -> None:
        """Ask the milters about a recipient, then note the copies."""
        await advisers.recipient(Path(original))
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
        self._examine()
        for (mailbox, address, aliased, _), path in zip(destinations, paths, strict=True):
            pair = (address, str(original) if aliased else None)
            filed = copies.get(path)
            if filed is None:
                copies[path] = Filed(mailbox, path, [pair])
            else:
                filed.add(pair)

    def _examine(self) -> None:
        """
        Begin to find out about the sender, once he has named somebody whom we know.

        Those who try addresses have no question of theirs asked in DNS; and mail waits no longer
        for that, since most of the dialogue is still to come.
        """
        sender, self._sender = self._sender, None
        examiner = self._office.examiner
        if sender is not None and examiner is not None:
            self._examination = examiner.begin(*sender)

    def messageStarted(self, envelope: Envelope) -> Answer[Arrival]:
        """Get ready for the content."""
        if self._advisers is None:
            return self._arrival(envelope)
        return self._announced(self._advisers, envelope)

    async def _announced(self, advisers: Advisers, envelope: Envelope) -> Arrival:
        """Tell the milters, then get ready."""
        await advisers.data(envelope.id)
        return self._arrival(envelope)

    def _arrival(self, envelope: Envelope) -> Arrival:
        """Hand over what is known of the message."""
        examination, self._examination = self._examination, None
        return Arrival(
            self._office,
            envelope,
            tuple(self._copies.values()),
            examination,
            self._advisers,
            refuse_bare_newlines=self._refuse_bare_newlines,
        )

    def transactionEnded(self) -> None:
        """Forget who it was for; where no content came, nobody needs to know who sent it."""
        self._copies = {}
        self._sender = None
        if self._examination is not None:
            self._examination.close()
            self._examination = None
        if self._advisers is not None:
            self._advisers.abort()

    def sessionEnded(self) -> None:
        """Part from the milters."""
        if self._advisers is not None:
            self._advisers.close()
            self._advisers = None
