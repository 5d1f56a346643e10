"""A session in memory, as its client has it; only the test moves its clock."""

import gc
import re
import weakref
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.protocols.policies import WrappingFactory

from gomail.envelope import Client
from gomail.events import Event, Listeners, SessionEnded
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.smtp.alarms import Alarms
from gomail.smtp.house import House
from gomail.smtp.introduction import introduce
from gomail.smtp.protocol import SMTPProtocol
from tests.smtp.certificate import ClientTLS, ServerTLS
from tests.smtp.client import ClientEnd
from tests.smtp.desk import Desk
from tests.smtp.wire import Wire

CLIENT = Client("0123456789", "192.0.2.1", 40695)
AWAITED = re.compile(rb"^(?:EHLO|HELO|DATA|STARTTLS)\b.*\r\n", re.IGNORECASE | re.MULTILINE)


def packets_of(octets: bytes) -> list[bytes]:
    """Part what a client says behind the commands whose reply it must await (RFC 2920 §3.1)."""
    ends = [match.end() for match in AWAITED.finditer(octets)]
    return [octets[start:end] for start, end in pairwise([0, *ends, len(octets)]) if end > start]


class Idle:
    """Who speaks for a session in which nothing is awaited."""

    def busy(self) -> bool:
        """Say that nothing is."""
        return False


def house(
    clock: Clock,
    limits: Limits = DEFAULT_LIMITS,
    listeners: Listeners = (),
    **settings: Any,  # noqa: ANN401 -- as House has them
) -> House:
    """Make what sessions share."""
    return House(
        clock, Alarms(clock), limits, introduce("here.example", limits), listeners, **settings
    )


class Talk:
    """
    One session, as its client has it.

    Args:
        desk: the delivery; a fresh one where none is given.
        limits: the server's.
        client: who is talking.
        wrapped: whether something stands between the session and its socket, as TLS does.
        dialogue: whether each line is told.
        local: whether the slips of this machine's programs are forgiven.
        starttls: whether TLS is offered.
        tls_required: whether it is required.
        room: see `Wire`.
    """

    def __init__(  # noqa: PLR0913 -- each is one thing that a test may want to be otherwise
        self,
        desk: Desk | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        client: Client = CLIENT,
        wrapped: bool = False,
        dialogue: bool = False,
        local: bool = False,
        starttls: bool = False,
        tls_required: bool = False,
        room: int | None = None,
    ) -> None:
        self.desk = desk or Desk(Clock())
        self.clock = self.desk.clock
        self.events: list[Event] = []
        self.over: list[SMTPProtocol] = []
        shared = house(
            self.clock,
            limits,
            (self.events.append,),
            dialogue=(self.events.append,) if dialogue else (),
            local=local,
            tls=ServerTLS() if starttls or tls_required else None,
            tls_required=tls_required,
        )
        self.protocol = SMTPProtocol(shared, client, self.desk, self)
        self.wire = Wire(self.clock)
        self.wire.room = room
        self.wire.protocol = self.protocol
        if wrapped:
            factory = WrappingFactory(Factory.forProtocol(lambda: self.protocol))
            wrapper = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40695))
            assert wrapper is not None
            self.wire.protocol = wrapper
        self.wire.startReading()
        self.wire.protocol.makeConnection(self.wire)
        self._read = 0
        self.tls: ClientEnd | None = None
        self.clock.advance(0)

    def forget(self, session: SMTPProtocol) -> None:
        """Hear that the session is over."""
        self.over.append(session)

    def send(self, *packets: bytes) -> "Talk":
        """Send octets, each packet read by the server in a turn of its own."""
        if self.tls is not None:
            for packet in packets:
                self.tls.send(packet)
                self.tls.exchange()
            return self
        self.wire.inbox.extend(packets)
        self.wire.poll()
        self.clock.advance(0)
        return self

    def encrypt(self, creator: object | None = None, *, cut: int = 0) -> ClientEnd:
        """Shake hands behind the 220; in packets of *cut* octets, where that is given."""
        self.hear()
        self.tls = ClientEnd(self.wire, creator or ClientTLS())
        self.tls.exchange(cut)
        self._read = 0
        return self.tls

    def say(self, *lines: str) -> bytes:
        """Send command lines, waiting only where a client must; give what is said to them."""
        self.hear()
        return self.speak(lines).hear()

    def speak(self, lines: Iterable[str]) -> "Talk":
        """Send command lines, waiting only where a client must."""
        return self.send(*packets_of(octets_of(lines)))

    def hear(self) -> bytes:
        """Give what the server has said since the last time."""
        if self.tls is not None:
            self.tls.exchange()
            heard = self.tls.plaintext.heard
            news, self._read = heard[self._read :], len(heard)
            return news
        news = b"".join(self.wire.sent[self._read :])
        self._read = len(self.wire.sent)
        return news

    def codes(self) -> list[str]:
        """Give the codes of what the server has said since the last time, one for each reply."""
        return codes(self.hear())

    def wait(self, seconds: float) -> "Talk":
        """Let time pass, in steps in which everything due has its turn."""
        whole, rest = divmod(seconds, 1)
        self.clock.pump([1] * int(whole) + [rest])
        if self.tls is not None:
            self.tls.exchange()
        return self

    def leave(self) -> None:
        """Drop the connection, as a client that crashed."""
        self.wire.lose(ConnectionLost())
        self.clock.advance(0)

    @property
    def closed(self) -> bool:
        """Whether the connection is gone."""
        return bool(self.wire.disconnected)

    @property
    def end(self) -> SessionEnded:
        """The one event that tells of the session's end."""
        (end,) = (event for event in self.events if isinstance(event, SessionEnded))
        assert self.over == [self.protocol]
        return end

    def told(self, kind: type[Event]) -> list[Any]:
        """Give the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def codes(replies: bytes) -> list[str]:
    """Give the code of each reply in *replies*."""
    lines = replies.decode("ascii").split("\r\n")
    assert lines.pop() == ""
    return [line[:3] for line in lines if line[3] == " "]


def octets_of(lines: Iterable[str]) -> bytes:
    """Write *lines* as the wire has them."""
    return "".join(f"{line}\r\n" for line in lines).encode()


ENVELOPE = ("EHLO client.example", "MAIL FROM:<a@there.example>", "RCPT TO:<b@here.example>")
TRANSACTION = octets_of([*ENVELOPE[1:], "DATA", "Hello", "."])


def in_content(talk: Talk) -> Talk:
    """Bring *talk* to the point where the client may send content."""
    talk.say(*ENVELOPE, "DATA")
    return talk


def check_left(talk: Talk, verbs: str, reason: str = "the client left") -> None:
    """See that a session that broke off was closed once, completely."""
    assert talk.end.reason == reason
    assert talk.end.verbs == verbs
    asked = talk.desk.told
    assert asked.count("ended") <= asked.count("mail")
    assert all(message.end for message in talk.desk.messages)
    assert not talk.clock.getDelayedCalls()


def check_forgotten(talk: Talk) -> None:
    """See that nobody but the test keeps a session that is over, and no part of it another one."""
    left = weakref.ref(talk.protocol)
    gc.disable()
    try:
        del talk.protocol, talk.wire.protocol
        talk.over.clear()
        assert left() is None
    finally:
        gc.enable()


def ready(**settings: object) -> Talk:
    """Bring a session to the point where the client shakes hands."""
    talk = Talk(starttls=True, **settings)  # type: ignore[arg-type]
    talk.say("EHLO client.example", "STARTTLS")
    return talk
