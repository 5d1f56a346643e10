"""Sending servers that don't give up: a message is sent until it is acknowledged."""

import random
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

from tests.faults.client import Session
from tests.patience import PATIENCE

MAILBOXES = ("alice", "bob")
SIZES = (20, 500, 30_000)  # octets, of which each becomes two
RETRY = 0.02  # seconds until a message that was deferred, or a connection, is tried again
_STORED = b"250 2.0.0 stored as "


@dataclass(frozen=True, slots=True)
class Message:
    """
    A message that nobody has sent before.

    Attributes:
        sum: of its body, in hexadecimal; it stands in the header, too.
        content: the octets behind DATA, without the final dot.
        mailboxes: those that it is for.
    """

    sum: str
    content: bytes
    mailboxes: tuple[str, ...]


def make_message(chance: random.Random, sizes: Sequence[int]) -> Message:
    """Make a small message or a big one, for one mailbox or for both."""
    octets = chance.randbytes(chance.choice(sizes)).hex()
    body = b"".join(b"%s\r\n" % octets[i : i + 70].encode() for i in range(0, len(octets), 70))
    total = sha256(body).hexdigest()
    mailboxes = chance.choice((MAILBOXES, MAILBOXES[:1], MAILBOXES[1:]))
    return Message(total, b"X-Sum: %s\r\n\r\n%s" % (total.encode(), body), mailboxes)


class Sender:
    """
    Sends one message after the other.

    Args:
        seed: of what it sends.
        returning: whether it connects again when its connection is lost.
        pause: seconds between two messages.
        sizes: half of the octets that a body may have.

    Attributes:
        deferred: how often it was answered 4xx.
        cut_off: how many connections were lost.
        wrong: what must not be, in words.
        heard: when the last acknowledgement was, by the monotonic clock.
    """

    def __init__(
        self,
        seed: int,
        *,
        returning: bool = False,
        pause: float = 0.0,
        sizes: Sequence[int] = SIZES,
    ) -> None:
        self.deferred = self.cut_off = 0
        self.wrong: list[str] = []
        self.heard = 0.0
        self._acknowledged: list[Message] = []
        self._chance = random.Random(seed)
        self._message = make_message(self._chance, sizes)
        self._returning = returning
        self._pause = pause
        self._sizes = sizes
        self._leaving = False
        self._thread = threading.Thread(target=self._work)

    def begin(self, port: int) -> None:
        """Begin to send to a server; what was not acknowledged by the one before comes first."""
        self._port = port
        self._leaving = False
        self._thread = threading.Thread(target=self._work, daemon=True)  # a failure ends all
        self._thread.start()

    def end(self) -> None:
        """Send no further message, and wait until that under way has come to its end."""
        self._leaving = True
        self._thread.join(2 * PATIENCE)
        if self._thread.is_alive():
            self.wrong.append("a sender hangs")

    def acknowledged(self) -> list[Message]:
        """Give what was acknowledged since this was asked last."""
        taken, self._acknowledged = self._acknowledged[:], []
        return taken

    def _work(self) -> None:
        """Hold one session after the other."""
        while not self._leaving:
            try:
                with closing(Session(self._port)) as session:
                    self._send(session)
            except TimeoutError:
                self.wrong.append(f"no answer in {PATIENCE} s")
                return
            except OSError:
                self.cut_off += 1
                if not self._returning:
                    return  # the server is dead
                time.sleep(RETRY)

    def _send(self, session: Session) -> None:
        """Send message after message, each until it is acknowledged."""
        while not self._leaving:
            reply = session.offer(self._message.content, *self._message.mailboxes)
            if reply.startswith(_STORED):
                self._acknowledged.append(self._message)
                self.heard = time.monotonic()
                self._message = make_message(self._chance, self._sizes)
                time.sleep(self._pause)
            elif reply.startswith(b"4"):
                self.deferred += 1
                time.sleep(RETRY)
                session.say(b"RSET\r\n")
            else:
                self.wrong.append(repr(reply))
                return


def begin(senders: Iterable[Sender], port: int) -> None:
    """Have all send."""
    for sender in senders:
        sender.begin(port)


def end(senders: Iterable[Sender]) -> None:
    """Have all stop."""
    for sender in senders:
        sender.end()
