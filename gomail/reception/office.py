"""What all receptions of a server share."""

from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from gomail.delivery.committer import Committer
from gomail.delivery.maildir import PRIVATE, Ownership
from gomail.delivery.places import Places
from gomail.delivery.room import Room
from gomail.events import Listeners
from gomail.limits import Limits
from gomail.message.content import Memory
from gomail.message.examining import Examiner
from gomail.reception.consulting import Consulting
from gomail.recipients.directory import Directory


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
        examiner: finds out who sent a message, if anybody does.
        consulting: the milters that are asked, if there are any.
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
    examiner: Examiner | None = None
    consulting: Consulting | None = None
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no message in memory."""
        self.memory = Memory(self.limits.memory)
