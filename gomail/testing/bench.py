"""The bench that a delivery is tested on: a server in memory, and looks at what is stored."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock, deferLater

from gomail.interfaces import IMessageDeliveryFactory
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reply import Reply
from gomail.testing.wire import MemoryServer, Wire
from gomail.testing.witness import Fault, Witness

T = TypeVar("T")
PATIENCE = 20.0  # seconds for an answer, where the clock is a real one
_POLL = 0.01  # seconds between two looks at what is stored


@dataclass(frozen=True, slots=True)
class Subject:
    """
    The deliveries under test, and how to look behind them.

    Attributes:
        deliveries: what is under test.
        stored: gives the octets of every stored copy, in any order; trace fields may stand on top,
            and line ends may be LF. What was stored twice stands there twice.
        forward_paths: two or more addresses that are welcome, each with a mailbox of its own.
        copies: how many are stored of a message for one of them: more than one where each message
            goes into an archive, too, or an address stands for several mailboxes.
        reverse_path: an address that is welcome.
        unknown: an address that is refused.
        litter: counts what a message under way takes: temporary files, open files, rows.
        broken: within it nothing can be stored: the disk is full, the database gone.
        memory: octets of memory that a message of 32 MiB may take; None where it holds them all.
        clock: the reactor, where answers come out of threads, processes or sockets.
    """

    deliveries: IMessageDeliveryFactory
    stored: Callable[[], Sequence[bytes]]
    forward_paths: Sequence[str] = ("alice@here.example", "bob@here.example")
    copies: int = 1
    reverse_path: str = "sender@client.example"
    unknown: str | None = None
    litter: Callable[[], int] | None = None
    broken: Callable[[], AbstractContextManager[object]] | None = None
    memory: int | None = None
    clock: IReactorTime | None = None


class Bench:
    """
    What a check works with.

    Args:
        subject: what is under test.
        limits: of the server.
    """

    def __init__(self, subject: Subject, limits: Limits = DEFAULT_LIMITS) -> None:
        self.subject = subject
        self.limits = limits
        self.clock: IReactorTime = subject.clock or Clock()
        self.witness = Witness(subject.deliveries, self._look)
        self.faults: dict[str, Fault] = self.witness.faults
        self._wires: list[Wire] = []
        self._letters = 0
        self._least = self._copies().total()  # copies that must be stored by now
        self._first_litter = self.litter
        self.looking = True  # whether what is stored is looked at when a message is answered

    @property
    def path(self) -> str:
        """Give the address that most messages are for."""
        return self.subject.forward_paths[0]

    @property
    def litter(self) -> int:
        """Count what messages under way have taken."""
        return 0 if self.subject.litter is None else self.subject.litter()

    @property
    def complaints(self) -> str:
        """What did not keep to the interfaces, as a sentence, or nothing."""
        return "; ".join(dict.fromkeys(self.witness.complaints))

    def connect(self, limits: Limits | None = None) -> Wire:
        """Connect a client who is trusted, so that no check runs into the limits of strangers."""
        server = MemoryServer(self.witness, clock=self.clock, limits=limits or self.limits)
        wire = server.connect("127.0.0.1")
        self._wires.append(wire)
        return wire

    def commands(self, path: str | None = None) -> list[bytes]:
        """Write the commands of a transaction, for those who pipeline them."""
        return [
            b"MAIL FROM:<%s>\r\n" % self.subject.reverse_path.encode(),
            b"RCPT TO:<%s>\r\n" % (path or self.path).encode(),
            b"DATA\r\n",
        ]

    def letter(self, text: bytes = b"Hello.\r\n") -> bytes:
        """Write a message unlike all others."""
        self._letters += 1
        return b"Subject: letter %d\r\n\r\n%s" % (self._letters, text)

    async def mailed(self, wire: Wire, content: bytes, *paths: str) -> Reply:
        """Give a message for *paths*, or for the usual one; wait for the reply."""
        sending = wire.mailed(self.subject.reverse_path, paths or (self.path,), content)
        return await self.in_time(sending)

    async def began(self, wire: Wire, *paths: str) -> None:
        """Say everything up to the 354."""
        began = wire.began(self.subject.reverse_path, paths or (self.path,))
        reply = await self.in_time(began)
        expect(reply.code == 354, f"354 was expected to DATA, not {reply}")

    async def stores(self, *paths: str) -> int:
        """See that a message in a session of its own is stored; give how many copies were made."""
        content = self.letter()
        before = self._copies()
        reply = await self.mailed(self.connect(), content, *paths)
        expect(reply.positive, f"a message was refused: {reply}")
        return self.expect_copies(before, content)

    def expect_copies(self, before: "Counter[bytes]", content: bytes) -> int:
        """See that what was stored since *before* are copies of *content*; give how many."""
        after = self._copies()
        expect(not before - after, "something that was stored is gone")
        copies = list((after - before).elements())
        expect(bool(copies), "the reply was 2xx, but nothing is stored")
        for copy in copies:
            expect(
                is_copy(copy, content),
                f"the stored copy does not end with the content: {copy[:500]!r}",
            )
        return len(copies)

    async def expect_nothing(self, before: "Counter[bytes]", what: str) -> None:
        """See that nothing was stored since *before*, and nothing is left over."""
        # Another session's message goes the same way, behind what the delivery has still to do.
        content = self.letter()
        reply = await self.mailed(self.connect(), content)
        expect(reply.positive, f"{what}: the next session's message was refused: {reply}")
        added = (self._copies() - before).elements()
        strange = [copy for copy in added if not is_copy(copy, content)]
        expect(not strange, f"{what}: stored all the same: {strange[:1]!r}")
        await self.until(
            lambda: self.litter <= self._first_litter, f"{what}: something is left over"
        )

    def fail_once(self, name: str, error: Exception) -> None:
        """Have the next question of that *name* fail with *error* before it is passed on."""

        def fault() -> None:
            del self.faults[name]
            raise error

        self.faults[name] = fault

    async def hear_until(self, wire: Wire, code: int) -> None:
        """Hear replies until the one with *code*."""
        while (reply := await self.in_time(wire.heard())).code != code:
            expect(reply.positive, f"{code} was expected, not {reply}")

    def snapshot(self) -> "Counter[bytes]":
        """Remember what is stored."""
        return self._copies()

    async def in_time(self, coroutine: Awaitable[T]) -> T:
        """Wait for *coroutine*, but not for ever."""

        async def awaited() -> T:
            return await coroutine

        waiting: Deferred[T] = Deferred.fromCoroutine(awaited())
        if not isinstance(self.clock, Clock):
            waiting.addTimeout(PATIENCE, self.clock)
        return await waiting

    async def until(self, true: Callable[[], bool], otherwise: str) -> None:
        """Wait until something is *true*: it must be at once, unless the clock is a real one."""
        deadline = self.clock.seconds() + PATIENCE
        while not true():
            real = not isinstance(self.clock, Clock)
            expect(real and self.clock.seconds() < deadline, otherwise)
            await deferLater(self.clock, _POLL)

    def close(self) -> None:
        """Drop all clients; see that every transaction has ended, once, and nobody complains."""
        for wire in self._wires:
            wire.drop()
        expect(not self.complaints, self.complaints)

    def _copies(self) -> "Counter[bytes]":
        """Count the stored copies."""
        return Counter(self.subject.stored())

    def _look(self) -> None:
        """See, at the moment of a 2xx, that one copy more is stored than before."""
        self._least += 1
        if self.looking and self._copies().total() < self._least:
            self.witness.complaints.append("2xx was answered before anything was stored")


def expect(fact: Any, otherwise: str) -> None:  # noqa: ANN401 -- anything that may be true
    """Fail with a sentence unless *fact* is true."""
    if not fact:
        raise AssertionError(otherwise)


def is_copy(copy: bytes, content: bytes) -> bool:
    """Tell whether *copy* ends with *content*, line ends as they came or as Maildirs have them."""
    return copy.endswith((content, content.replace(b"\r\n", b"\n")))
