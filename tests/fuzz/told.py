"""A session read from outside: what a client has sent and heard tells what was stored."""

import re
from typing import NamedTuple

from tests.smtp.reference import reference

LONGEST_REPLY = 512  # octets of a line of a reply, with CRLF (RFC 5321 §4.5.3.1.5)
LINE = re.compile(rb"([2-5][0-9][0-9])([ -])[\t -~]*\r\n")
LAST = frozenset({421, 221})  # codes of replies behind which nothing more is said
CHUNK = re.compile(rb"BDAT (\d{1,20})(?:[ \t]+(LAST))?[ \t]*\Z", re.IGNORECASE)


class Exchange(NamedTuple):
    """
    A session.

    Attributes:
        octets: of the client.
        replies: of the server, as they came.
        closed: whether the server has hung up.
        command_line: octets that a line may have.
        size: octets that a message may have.
    """

    octets: bytes
    replies: bytes
    closed: bool
    command_line: int
    size: int


class Replies:
    """The replies of a session, one after the other."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def next(self) -> int:
        """Read a reply, of one line or several, each within its bounds; give its code."""
        codes = set()
        while True:
            line = LINE.match(self._octets)
            assert line is not None, self._octets
            assert len(line[0]) <= LONGEST_REPLY
            codes.add(int(line[1]))
            self._octets = self._octets[line.end() :]
            if line[2] == b" ":
                (code,) = codes
                return code

    def __bool__(self) -> bool:
        """Tell whether there are more."""
        return bool(self._octets)

    def end(self) -> None:
        """Take no more replies from here: what else came is TLS, or would be."""
        self._octets = b""


def told(exchange: Exchange, *, chunking: bool) -> list[bytes]:
    """Give the content of each message that the replies say is stored."""
    replies = Replies(exchange.replies)
    assert replies.next() == 220
    reader = Reader(exchange, replies, chunking=chunking)
    while reader.read():
        pass
    assert not replies, "there are more replies than commands"
    return reader.stored


class Reader:
    """
    Reads a session command by command.

    Attributes:
        stored: the contents so far.
    """

    def __init__(self, exchange: Exchange, replies: Replies, *, chunking: bool) -> None:
        self._exchange = exchange
        self._octets = exchange.octets
        self._replies = replies
        self._chunking = chunking
        self._chunks = b""
        self.stored: list[bytes] = []

    def read(self) -> bool:
        """Read a command and what belongs to it; tell whether more may follow."""
        line, crlf, rest = self._octets.partition(b"\r\n")
        if len(line) > self._exchange.command_line + (0 if crlf else 1):
            return self._ends_with({500, 421})
        if not crlf:
            return self._ends()
        if not self._replies and self._exchange.closed:
            return False
        self._octets = rest
        chunk = CHUNK.match(line) if self._chunking else None
        if chunk is not None and int(chunk[1]) <= 2 * self._exchange.size:
            return self._read_chunk(int(chunk[1]), last=chunk[2] is not None)
        return self._read_reply(line.partition(b" ")[0].upper())

    def _read_reply(self, verb: bytes) -> bool:
        """Read the reply to a command, and the content that it asks for."""
        code = self._replies.next()
        if code in LAST:
            return self._ends(closed=True)
        if verb == b"DATA" and code == 354:
            return self._read_content()
        if verb == b"STARTTLS" and code == 220:
            self._replies.end()
            return False
        if verb in {b"RSET", b"EHLO", b"HELO"} and code == 250:
            self._chunks = b""
        return True

    def _read_content(self) -> bool:
        """Read the content behind a 354, and the verdict."""
        content, rest = reference(self._octets)
        if rest is None:
            return self._ends()
        self._octets = rest
        code = self._replies.next()
        if code == 250:
            self.stored.append(content)
        return code not in LAST or self._ends(closed=True)

    def _read_chunk(self, size: int, *, last: bool) -> bool:
        """Read the chunk of a BDAT, and the reply to it."""
        if len(self._octets) < size:
            return self._ends()
        self._chunks += self._octets[:size]
        self._octets = self._octets[size:]
        code = self._replies.next()
        if code == 250 and last:
            self.stored.append(self._chunks)
        if code != 250 or last:
            self._chunks = b""
        return code not in LAST or self._ends(closed=True)

    def _ends(self, *, closed: bool = False) -> bool:
        """See that nothing more is said."""
        assert not self._replies
        assert self._exchange.closed or not closed
        return False

    def _ends_with(self, codes: set[int]) -> bool:
        """See that one thing more is said, and that the server hangs up."""
        if self._replies:
            assert self._replies.next() in codes
        return self._ends(closed=True)
