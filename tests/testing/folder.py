"""A delivery that conforms: files in a folder."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread
from zope.interface import implementer

from gomail.address import Path
from gomail.answers import Answer
from gomail.envelope import Client, Envelope, MailParameters
from gomail.interfaces import IFarewell, IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import NO_SUCH_MAILBOX, STORED, Refused, Reply


@implementer(IMessageDeliveryFactory)
class Folder:
    """Deliveries that conform: a file for each message and mailbox, in one folder."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.count = 0
        self.is_broken = False

    def deliveryFor(self, client: Client) -> "FolderDelivery":
        """Give a session's delivery."""
        return FolderDelivery(self)

    def stored(self) -> list[bytes]:
        """Give what is stored."""
        return [path.read_bytes() for path in self.root.glob("*.eml")]

    def litter(self) -> int:
        """Count temporary files."""
        return len(list(self.root.glob("*.tmp")))

    @contextlib.contextmanager
    def broken(self) -> Iterator[None]:
        """Have a full disk for a while."""
        self.is_broken = True
        yield
        self.is_broken = False


@implementer(IMessageDelivery, IFarewell)
class FolderDelivery:
    """One session's delivery."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.names: list[str] = []

    def greeted(self, client: Client) -> None:
        """Welcome everybody."""

    def validateFrom(self, client: Client, reversePath: Path, parameters: MailParameters) -> None:
        """Welcome everybody."""

    def validateTo(self, forwardPath: Path) -> None:
        """Welcome everybody but nobody."""
        name = str(forwardPath.address).partition("@")[0]
        if name == "nobody":
            raise Refused(NO_SUCH_MAILBOX)
        if name not in self.names:
            self.names.append(name)

    def messageStarted(self, envelope: Envelope) -> "FolderMessage":
        """Open a temporary file."""
        self.folder.count += 1
        return FolderMessage(self.folder, self.folder.count, list(self.names))

    def transactionEnded(self) -> None:
        """Forget the recipients."""
        self.names = []

    def sessionEnded(self) -> None:
        """Have nothing to let go of."""


@implementer(IMessage)
class FolderMessage:
    """One message."""

    def __init__(self, folder: Folder, number: int, names: list[str]) -> None:
        self.folder = folder
        self.number = number
        self.names = names
        self.path = folder.root / f"{number}.tmp"
        self.file = self.path.open("xb")

    def octetsReceived(self, octets: bytes) -> Answer[None]:
        """Write the octets."""
        self.file.write(octets)
        return None

    def eomReceived(self) -> Answer[Reply]:
        """Make the file known by its names."""
        self.file.close()
        try:
            if self.folder.is_broken:
                raise OSError(28, "No space left on device")
            for name in self.names:
                os.link(self.path, self.folder.root / f"{self.number}-{name}.eml")
        finally:
            self.path.unlink()
        return STORED

    def connectionLost(self) -> None:
        """Remove the file."""
        self.file.close()
        self.path.unlink()


class ThreadedMessage(FolderMessage):
    """The same, out of threads."""

    async def octetsReceived(self, octets: bytes) -> None:
        """Write in a thread."""
        await deferToThread(super().octetsReceived, octets)

    def eomReceived(self) -> Deferred[Reply]:
        """Store in a thread."""
        return deferToThread(super().eomReceived)  # type: ignore[arg-type]  # it answers at once

    def connectionLost(self) -> None:
        """Throw away a little later."""
        from twisted.internet import reactor

        IReactorTime(reactor).callLater(0.01, super().connectionLost)
