"""The one door for replies: here they are told, signed with the session's id, and sent together."""

from gomail.envelope import Client
from gomail.events import Refusal, Said, tell
from gomail.reply import Reply
from gomail.smtp.house import House
from gomail.smtp.outbox import Outbox


class Door:
    """
    Where the replies of one session go out.

    Args:
        house: who is told.
        outbox: how octets leave.

    Attributes:
        outbox: the one of now.
        said: in this turn of the reactor, and not yet sent.
    """

    __slots__ = ("_house", "_shut", "outbox", "said")

    def __init__(self, house: House, outbox: Outbox) -> None:
        """Begin with nothing said."""
        self._house = house
        self.outbox = outbox
        self.said = b""
        self._shut = False

    def say(self, client: Client, reply: Reply, said: bytes, reason: str) -> None:
        """
        Say one reply, or only tell of it where nobody is there to hear it any more.

        Args:
            client: who hears it.
            reply: as it is in the catalogue.
            said: the command line that it answers, or nothing.
            reason: what our own people should know beyond it.
        """
        house = self._house
        if not reply.positive:
            tell(house.listeners, Refusal(client, said, reply, reason))
            reply = reply.signed(client.session_id)
        if house.dialogue:
            for line in reply.octets.splitlines():
                tell(house.dialogue, Said(client, "S", line))
        if not self._shut:
            self.said += reply.octets

    def flush(self) -> None:
        """Send what was said, in one piece."""
        if self.said:
            octets, self.said = self.said, b""
            self.outbox.send(octets)

    def hand_over(self) -> None:
        """Send what was said, before anything else that is done to the transport."""
        self.flush()
        self.outbox.end()

    def go_by(self, outbox: Outbox) -> None:
        """Let octets leave by *outbox* from now on: the transport is another one by now."""
        self.outbox = outbox

    def shaken_hands(self) -> None:
        """Know that the handshake is over."""
        self.outbox.shaken_hands()

    def close(self) -> None:
        """Send what was said, as the last that leaves."""
        self.hand_over()
        self._shut = True

    def shut(self) -> None:
        """Have nothing leave any more: the connection is gone."""
        self.said = b""
        self._shut = True
