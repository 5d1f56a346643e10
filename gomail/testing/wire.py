"""
A server in memory and a client to talk to it: no reactor, no network, no waiting.

    server = MemoryServer(deliveries)
    wire = server.connect("192.0.2.1")
    assert wire.say("EHLO client.example").code == 250
    assert wire.mail("a@client.example", ["b@here.example"], b"Subject: hello").code == 250

What is behind the wire is the real dialogue, with the real limits. `say`, `hear` and `mail` are for
deliveries that answer at once, or when the test fires their Deferreds; where answers come out of
threads the server has the real reactor as its clock, and `said`, `heard` and `mailed` are awaited.
"""

import re
from collections.abc import Collection, Coroutine, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeVar

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gomail.events import Listeners
from gomail.interfaces import IMessageDeliveryFactory
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reply import Reply
from gomail.smtp.factory import LOOPBACK, SMTPFactory
from gomail.testing.transport import MemoryTransport

T = TypeVar("T")
_STATUS = re.compile(r"([245])\.([0-9]{1,3}\.[0-9]{1,3}) ")
_SIGNATURE = re.compile(r" \[[0-9a-f]+\]\Z")
_LONGEST_RECORD = 2000  # octets of one packet that the transcript keeps


class NoReply(AssertionError):
    """The server has not said what the test waits for."""


class MemoryServer:
    """
    A server in memory.

    Args:
        deliveries: what is under test, or `gomail.testing.recording.Recorder`.
        hostname: the server's name.
        clock: a `Clock` of its own if absent; the reactor where answers come out of threads.
        limits: the bounds of sessions and messages.
        listeners: who is told of events.
        trusted: networks without limits per address, session or error.

    Attributes:
        clock: the one that it goes by.
        factory: the `SMTPFactory`.
    """

    def __init__(  # noqa: PLR0913 -- those of the factory that a test may want
        self,
        deliveries: IMessageDeliveryFactory,
        *,
        hostname: str = "mx.here.example",
        clock: IReactorTime | None = None,
        limits: Limits = DEFAULT_LIMITS,
        listeners: Listeners = (),
        trusted: Collection[IPv4Network | IPv6Network] = LOOPBACK,
    ) -> None:
        self.clock: IReactorTime = Clock() if clock is None else clock
        self.factory = SMTPFactory(
            deliveries, hostname, self.clock, limits=limits, listeners=listeners, trusted=trusted
        )

    def connect(self, address: str | None = "192.0.2.1", port: int = 40695) -> "Wire":
        """Connect a client from an IP address, or from a unix socket if *address* is None."""
        return Wire(self.factory, self.clock, _peer(address, port))

    def advance(self, seconds: float) -> None:
        """Let time go by; only with a clock of its own."""
        if not isinstance(self.clock, Clock):
            msg = "this server goes by a real clock"
            raise TypeError(msg)
        self.clock.advance(seconds)


class Wire:
    """
    The client's end of a session in memory.

    Attributes:
        replies: everything that the server has said, parsed. The session's id, which ends every
            refusal, is left out, so that replies compare with those in `gomail.reply`.
        transcript: the session in lines with ``C:`` and ``S:``.
        closed: whether the connection is over.
    """

    def __init__(self, factory: SMTPFactory, clock: IReactorTime, peer: IAddress) -> None:
        self._clock = clock
        self.replies: list[Reply] = []
        self._taken = 0  # how many of them `hear` has given
        self._records: list[tuple[str, bytes]] = []
        self._unparsed = b""
        self._awaited: Deferred[None] | None = None
        host = IPv4Address("TCP", "192.0.2.25", 25)
        self._transport = MemoryTransport(clock, peer, host, self._arrived, self._wake)
        protocol = factory.buildProtocol(peer)
        self._transport.connect(protocol)
        self.settle()

    @property
    def closed(self) -> bool:
        """Whether the connection is over, whoever ended it."""
        return self._transport.lost

    @property
    def idle(self) -> bool:
        """Whether the server has taken everything that was sent, and would take more."""
        return self._transport.idle

    @property
    def unheard(self) -> int:
        """How many replies nobody has taken."""
        return len(self.replies) - self._taken

    @property
    def transcript(self) -> str:
        """Write down what was said; long content is cut."""
        return "\n".join(
            f"{who}: {line.decode('utf-8', 'backslashreplace')}"
            for who, octets in self._records
            for line in octets.split(b"\r\n")
        )

    def settle(self) -> None:
        """Let everything happen that is due now."""
        if isinstance(self._clock, Clock):
            self._clock.advance(0)

    def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._record("C", octets)
        self._transport.receive(octets)
        self.settle()

    def drop(self) -> None:
        """Cut the connection without a word."""
        self._transport.drop()
        self.settle()

    def hear(self) -> Reply:
        """
        Give the next reply that nobody has taken; the first one is the banner.

        Raises:
            NoReply: there is none.
        """
        return self._now(self.heard())

    async def heard(self) -> Reply:
        """Give the next reply when it comes."""
        self.settle()
        while self._taken == len(self.replies):
            if self.closed:
                raise NoReply(self._explain("the connection is closed"))
            self._awaited = Deferred()
            await self._awaited
        self._taken += 1
        return self.replies[self._taken - 1]

    def say(self, line: bytes | str) -> Reply:
        """
        Say a command line, and give the reply; replies before it that nobody took are passed over.

        Raises:
            NoReply: the server answers later, or the connection is closed.
        """
        return self._now(self.said(line))

    async def said(self, line: bytes | str) -> Reply:
        """Say a command line, and give the reply when it comes."""
        if not self.replies:
            await self.heard()  # the banner: nobody speaks before it
        self._taken = len(self.replies)
        self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return await self.heard()

    def mail(self, reverse_path: str, forward_paths: Sequence[str], content: bytes) -> Reply:
        """
        Give the server a whole message, after EHLO if that was not said yet.

        Args:
            reverse_path: without angle brackets; empty for the null one.
            forward_paths: without angle brackets.
            content: with CRLF; dots are stuffed here.

        Returns:
            The reply to the message; or to MAIL, the last RCPT or DATA, where there it ended.
        """
        return self._now(self.mailed(reverse_path, forward_paths, content))

    async def mailed(
        self, reverse_path: str, forward_paths: Sequence[str], content: bytes
    ) -> Reply:
        """Do the same, and give the reply when it comes."""
        reply = await self.began(reverse_path, forward_paths)
        if reply.code != 354:
            return reply
        self._taken = len(self.replies)
        self.send(stuffed(content))
        return await self.heard()

    async def began(self, reverse_path: str, forward_paths: Sequence[str]) -> Reply:
        """Say everything up to DATA; give the 354, or the reply with which it ended before."""
        if not any(octets[:4].upper() in {b"EHLO", b"HELO"} for _, octets in self._records):
            await self.said("EHLO client.example")
        reply = await self.said(f"MAIL FROM:<{reverse_path}>")
        if not reply.positive:
            return reply
        replies = [await self.said(f"RCPT TO:<{path}>") for path in forward_paths]
        reply = replies[-1]
        if any(each.positive for each in replies):
            reply = await self.said("DATA")
        if reply.code != 354 and not self.closed:
            await self.said("RSET")
        return reply

    def _arrived(self, octets: bytes) -> None:
        """Take octets from the server; whole lines become replies."""
        *lines, self._unparsed = (self._unparsed + octets).split(b"\r\n")
        reply: list[bytes] = []
        for line in lines:
            self._record("S", line)
            reply.append(line)
            if line[3:4] != b"-":
                self.replies.append(parse_reply(reply))
                reply = []
        self._unparsed = b"".join(line + b"\r\n" for line in reply) + self._unparsed
        self._wake()

    def _wake(self) -> None:
        """Let who waits for a reply look again."""
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited.callback(None)

    def _record(self, who: str, octets: bytes) -> None:
        """Keep octets for the transcript."""
        if len(octets) > _LONGEST_RECORD:
            octets = octets[:_LONGEST_RECORD] + f"... {len(octets)} octets".encode()
        self._records.append((who, octets.removesuffix(b"\r\n")))

    def _now(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Give what *coroutine* comes to without waiting."""
        results: list[T | Failure] = []
        waiting = Deferred.fromCoroutine(coroutine)
        waiting.addBoth(results.append)
        self.settle()
        if not results:
            self._awaited = None
            waiting.cancel()
            raise NoReply(self._explain("there is no reply yet"))
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]

    def _explain(self, what: str) -> str:
        """Say what is wrong, with the session's last lines."""
        return f"{what}; so far:\n" + "\n".join(self.transcript.splitlines()[-20:])


def parse_reply(lines: Sequence[bytes]) -> Reply:
    """Read one reply, of all its lines without CRLF; a session's id at its end is left out."""
    texts = [line[4:].decode("ascii") for line in lines]
    code = int(lines[-1][:3])
    detail = ""
    status = _STATUS.match(texts[0])
    if status is not None and int(status[1]) == code // 100:
        detail = status[2]
        texts = [text.removeprefix(status[0]) for text in texts]
    text = "\n".join(texts)
    return Reply(code, detail, text if code < 400 else _SIGNATURE.sub("", text))


def stuffed(content: bytes) -> bytes:
    """Stuff the dots of *content* (RFC 5321 §4.5.2), and put the end behind it."""
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def _peer(address: str | None, port: int) -> IAddress:
    """Make the address that a socket of Twisted's would have."""
    if address is None:
        return UNIXAddress(None)
    kind = IPv6Address if ":" in address else IPv4Address
    return kind("TCP", address, port)
