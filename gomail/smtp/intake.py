"""Content on its way in: taken piece by piece, as fast as the disk is, answered at its end."""

from gomail.answers import Answer, after
from gomail.reply import Reply
from gomail.smtp.alarms import Alarms
from gomail.smtp.deadline import in_time
from gomail.smtp.framing import NOTHING, Framing
from gomail.smtp.holding import DISK, Holding
from gomail.smtp.session import Session
from gomail.smtp.turns import VERDICT_TIME


class Intake:
    """
    The raw phase of a session.

    Args:
        session: whose content it is.
        holding: stops the reading while octets are on their way to the disk.
        alarms: for the deadline of that.

    Attributes:
        under_way: content comes, and its end has not come.
    """

    __slots__ = ("_alarms", "_framing", "_holding", "_session", "under_way")

    def __init__(self, session: Session, holding: Holding, alarms: Alarms) -> None:
        """Begin with no content."""
        self._session = session
        self._holding = holding
        self._alarms = alarms
        self._framing: Framing = NOTHING
        self.under_way = False

    def begin(self, framing: Framing) -> None:
        """Expect content that ends where *framing* says."""
        self._framing = framing
        self.under_way = True

    def split(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """Part content from what follows it, which is None while its end has not come."""
        parts = self._framing.feed(octets)
        if parts[1] is not None:
            self.under_way = False
        return parts

    def take(self, content: bytes) -> None:
        """Take a piece of content that has not come to its end; read nothing more until it may."""
        answer = self._session.take(content) if content else None
        if answer is not None:
            self._holding.hold(DISK)
            in_time(answer, VERDICT_TIME, self._alarms, lambda _: self._holding.release(DISK))

    def end(self, content: bytes) -> Answer[Reply]:
        """Take the last octets, and then what has come as a whole."""
        taken = self._session.take(content) if content else None
        return after(taken, lambda _: self._session.end_content())
