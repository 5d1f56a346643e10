"""
The content of one message: in memory up to a bound, then in one anonymous spool file.

It is taken on the reactor's thread and written on another, which is given as a callable. Only
octets on their way to the disk make anybody wait, and only the session that they belong to;
unfinished messages that lie still never do. What is stored is what came, with LF for CRLF; the rest
of the house never parses it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from gomail.answers import Answer
from gomail.limits import KIB, MIB, Limits
from gomail.message.headers import HeaderBlock
from gomail.message.lines import LineEnds
from gomail.message.spool import Spool, write_all

PIECE = 128 * KIB  # octets that go to the spool file at once
MOST_UNWRITTEN = 4 * MIB  # octets of all messages on their way there before each waits for its own
OffReactor = Callable[..., Deferred[Any]]


class Witness(Protocol):
    """Who looks at a message while it comes: as it is stored, with LF for CRLF."""

    def header(self, block: bytes) -> Sequence[tuple[int, int]]:
        """
        Take the header block, without the empty line that ends it.

        Returns:
            Where each part of it begins and ends that is not stored, from top to bottom.
        """

    def body(self, octets: bytes) -> Answer[None]:
        """Take the next octets of the body; no more come while the answer is awaited."""


class Memory:
    """
    How many octets all unfinished messages of a server hold in memory.

    Attributes:
        limit: beyond it content is spooled at once.
        used: all of them.
        unwritten: those of them that are on their way to a spool file.
    """

    __slots__ = ("limit", "unwritten", "used")

    def __init__(self, limit: int) -> None:
        """Begin with none."""
        self.limit = limit
        self.used = 0
        self.unwritten = 0


class Content:
    """
    Content as it comes, and as it is stored.

    Args:
        limits: for the header block and for memory.
        memory: shared by all contents of a server.
        off_reactor: runs a blocking callable in the order of the calls, off the reactor.
        folder: where a spool file is made.
        above: tells how many octets are going to stand on top of the content in its first file, as
            far as that is known when a spool file is begun.
        witness: who looks at it, if anybody does.
    """

    __slots__ = (
        "_above",
        "_amended",
        "_buffer",
        "_complete",
        "_folder",
        "_header",
        "_limits",
        "_lines",
        "_memory",
        "_most",
        "_off_reactor",
        "_room",
        "_shown",
        "_spool",
        "_top",
        "_unwritten",
        "_witness",
        "size",
    )

    def __init__(  # noqa: PLR0913 -- whom it works with
        self,
        limits: Limits,
        memory: Memory,
        off_reactor: OffReactor,
        folder: str,
        above: Callable[[], int] = int,
        *,
        witness: Witness | None = None,
    ) -> None:
        """Begin with nothing."""
        self._limits = limits
        self._memory = memory
        self._off_reactor = off_reactor
        self._folder = folder
        self._above = above
        self._complete = False  # the spool file is a message
        self._header = HeaderBlock(limits)
        self._witness = witness
        self._shown: Answer[None] = None  # what the witness answered
        self._top = 0  # octets of the header block, as it was stored
        self._amended: bytes | None = None  # what stands instead of it
        self._lines = LineEnds()
        self._buffer = bytearray()
        self._most = limits.content_in_memory  # octets in it before they are spooled
        self._spool: Spool | None = None
        self._unwritten = 0  # octets on their way to the spool file
        self._room: Deferred[None] | None = None  # fires when they have become few enough
        self.size = 0  # octets as they are stored

    @property
    def bare_newlines(self) -> int:
        """How many line ends were LF without CR."""
        return self._lines.bare

    @property
    def in_memory(self) -> bytearray | None:
        """All octets as they are stored, where none have gone to a spool file."""
        return self._buffer if self._spool is None else None

    def take(self, octets: bytes) -> Answer[None]:
        """
        Take the next octets from the client.

        Returns:
            None, or what ends when enough of them have reached the disk, and whoever looks at them
            has seen enough of them.

        Raises:
            Refused: the header block is over its limits.
        """
        self._keep(self._lines.convert(octets))
        memory = self._memory
        much = len(self._buffer) > self._most or memory.used > memory.limit
        if self._witness is not None and not self._header.complete:
            return None  # some of it may have to be left out; its own limits hold
        spilled = self._spill() if much else None
        shown, self._shown = self._shown, None
        return spilled if shown is None else _both(shown, spilled)

    def end(self) -> None:
        """
        Take the end of the content; from now on it can be written to files.

        Raises:
            Refused: as from `take`.
        """
        held = self._lines.end()
        if held:
            self._keep(held)
        if not self._header.complete:
            self._header.end()
            if self._witness is not None:
                self._show_header(self._witness)
        if self._spool is not None:
            self._spill()

    def amend(self, block: bytes) -> None:
        """Have another header block stored than the one that came; the content has ended."""
        self.size += len(block) - self._top
        if self._spool is not None:
            self._amended = block
            return
        self._memory.used += len(block) - self._top
        self._buffer[: self._top] = block
        self._top = len(block)

    async def pieces(self) -> AsyncIterator[bytes]:
        """
        Give the body, what follows the empty line, in pieces; the content has ended.

        Raises:
            OSError: as from `write_to`.
        """
        at = self._top + 1
        while at < self.size:
            if self._spool is None:
                piece = bytes(self._buffer[at : at + PIECE])
            else:
                piece = await self._off_reactor(self._spool.read, at, PIECE)
            yield piece
            at += len(piece)

    def write_to(self, fd: int, above: bytes = b"") -> int:
        """
        Write *above* and the whole content to a file, and give how many octets these are.

        Blocks, and may be called for several files.

        Raises:
            OSError: what the disk says, now or when the content was spooled.
        """
        if self._spool is None:
            return write_all(fd, above, self._buffer)
        if self._amended is None:
            return write_all(fd, above) + self._spool.copy_to(fd)
        return write_all(fd, above, self._amended) + self._spool.copy_to(fd, self._top)

    def complete(self, above: bytes) -> int | None:
        """
        Make one file of *above* and the content, where that is only a matter of putting it on top.

        Blocks.

        Returns:
            The file descriptor, once: the file has no name, and may be given one. None where the
            content has to be written.

        Raises:
            OSError: as from `write_to`.
        """
        if self._spool is None or self._complete or self._amended is not None:
            return None
        fd = self._spool.complete(above)
        self._complete = fd >= 0
        return fd if self._complete else None

    def close(self) -> None:
        """Let go of memory and spool file."""
        self._memory.used -= len(self._buffer)
        self._buffer = bytearray()
        self._above = int  # else two who know each other would wait for the garbage collector
        if self._spool is not None:
            self._off_reactor(self._spool.close)

    def _keep(self, octets: bytes) -> None:
        """Put stored octets into memory."""
        begun = self._header.complete
        if not begun:
            self._header.take(octets)
        self._buffer += octets
        count = len(octets)
        self._memory.used += count
        self.size += count
        if self._witness is not None and self._header.complete:
            if begun:
                self._shown = self._witness.body(octets)
            else:
                self._show_header(self._witness)

    def _show_header(self, witness: Witness) -> None:
        """Show the header to whoever looks, and leave out what is not stored."""
        buffer, end = self._buffer, self._header.size
        body = bytes(buffer[end + 1 :])
        for start, stop in reversed(witness.header(bytes(buffer[:end]))):
            del buffer[start:stop]
            self._memory.used -= stop - start
            self.size -= stop - start
            end -= stop - start
        self._top = end
        if body:
            self._shown = witness.body(body)

    def _spill(self) -> Answer[None]:
        """Send what is in memory to the spool file."""
        if self._spool is None:
            self._spool = Spool(self._folder, self._above())
            self._most = min(self._most, PIECE)
        octets, self._buffer = self._buffer, bytearray()
        self._unwritten += len(octets)
        self._memory.unwritten += len(octets)
        self._off_reactor(self._spool.write, octets).addBoth(self._written, len(octets))
        much = self._memory.unwritten > MOST_UNWRITTEN or self._unwritten > self._limits.unwritten
        if not much or self._room is not None:
            return self._room
        self._room = Deferred()
        return self._room

    def _written(self, result: object, count: int) -> None:
        """Note that *count* octets have left memory; what the disk said is kept by the spool."""
        self._unwritten -= count
        self._memory.used -= count
        self._memory.unwritten -= count
        if self._room is not None and self._unwritten <= self._limits.unwritten // 2:
            room, self._room = self._room, None
            room.callback(None)


async def _both(shown: Awaitable[None], spilled: Answer[None]) -> None:
    """Wait for whoever looks at the content, and for the disk."""
    await shown
    if spilled is not None:
        await spilled
