"""What a server makes of each sequence: one message, a second one, or none."""

import re
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from select import select

from tests.interop.receivers import Receiver
from tests.patience import PATIENCE
from tests.smuggling import sequences
from tests.smuggling.sequences import END, FIRST, RECIPIENT, second

SESSIONS = 16  # at once, each for many messages as long as nothing odd happens in it

TWO = "two"  # the hidden message was stored
ENDED = "ended"  # what follows was read as commands, but nothing came of it
REFUSED = "refused"  # no message was stored
ONE = "one"  # everything was content

_REPLY = re.compile(rb"(?:(?P<more>\d{3}-[^\n]*\r\n)+)?(?P<code>\d{3})(?: [^\n]*)?\r\n")
_numbers = count()
_NUMBERED = "%s.%d@there.example"
_LAST = END.removeprefix(b"\r\n")


@dataclass(frozen=True, slots=True)
class Asked:
    """
    A sequence that was sent, and what was heard.

    Attributes:
        sequence: what was sent.
        number: by which its messages are known.
        codes: of the replies to the content, and to all that the server took for commands.
        early: whether the first of them came before the end was sent.
    """

    sequence: sequences.Sequence
    number: int
    codes: tuple[str, ...]
    early: bool = False

    def outcome(self, stored: set[str]) -> str:
        """Tell what came of it, by the reverse-paths of what the server has *stored*."""
        one, two = (_NUMBERED % (which, self.number) in stored for which in ("one", "two"))
        if two:
            return TWO
        if self.early or (self.codes[0] == "250" and len(self.codes) > 1):
            return ENDED
        return ONE if self.codes[0] == "250" and one else REFUSED


@dataclass(frozen=True, slots=True)
class Manner:
    """
    How content is sent.

    Attributes:
        cut: whether each line behind the sequence is in a packet of its own, and waits a moment for
            an answer that ought not to come; or else all content is in one packet.
        first: what stands before the sequence.
        moment: how many seconds are waited.
    """

    cut: bool = False
    first: bytes = FIRST
    moment: float = 0.1


AT_ONCE = Manner()
IN_PIECES = Manner(cut=True)
PATIENTLY = Manner(cut=True, moment=PATIENCE)  # where an answer is sure to come
BEGUN_WITH_LF = Manner(first=FIRST.replace(b"\r\n", b"\n", 1))


class Client:
    """
    One session, in which EHLO has been said.

    Args:
        port: of 127.0.0.1.
        probe: a command whose reply alone has several lines.
    """

    def __init__(self, port: int, probe: bytes) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._heard = b""
        self._probe = probe + b"\r\n"
        self.over = False
        assert self.hear() == "220"
        assert self.ask(b"EHLO client.example\r\n") == ""

    def send(self, octets: bytes) -> None:
        """Send octets; who has hung up does not mind."""
        with suppress(OSError):
            self._socket.sendall(octets)

    def answers(self, octets: bytes, seconds: float) -> bool:
        """Send octets, and tell whether there is an answer within so many seconds."""
        self.send(octets)
        return bool(select([self._socket], [], [], seconds)[0])

    def ask(self, octets: bytes) -> str:
        """Send octets, and give the code of the next reply."""
        self.send(octets)
        return self.hear()

    def replies_to_come(self) -> tuple[str, ...]:
        """Give the codes of all replies that were not heard yet."""
        self.send(self._probe)
        codes = []
        while code := self.hear():
            codes.append(code)
        return tuple(codes)

    def hear(self) -> str:
        """Give the code of the next reply; nothing where it has several lines, and at the end."""
        while not (reply := _REPLY.match(self._heard)):
            more = b""
            if not self.over:
                with suppress(ConnectionResetError):
                    more = self._socket.recv(4096)
            if not more:
                self.leave()
                return ""
            self._heard += more
        self._heard = self._heard[reply.end() :]
        return "" if reply["more"] else reply["code"].decode()

    def leave(self) -> None:
        """Hang up."""
        self.over = True
        self._socket.close()


def ask(client: Client, sequence: sequences.Sequence, manner: Manner) -> Asked:
    """Send a message with another one hidden in it."""
    number = next(_numbers)
    one, two = ((_NUMBERED % (which, number)).encode() for which in ("one", "two"))
    for command in (b"MAIL FROM:<%b>" % one, b"RCPT TO:<%b>" % RECIPIENT):
        assert client.ask(command + b"\r\n") == "250"
    assert client.ask(b"DATA\r\n") == "354"
    octets = manner.first + sequence.octets
    mail, rcpt, data, *hidden = (second(two) + _LAST).splitlines(keepends=True)
    if manner.cut:
        for piece in (octets, mail):
            if client.answers(piece, manner.moment):
                commands = [mail, rcpt, data] if piece is octets else [rcpt, data]
                codes = [client.hear(), *map(client.ask, commands)]
                client.send(b"".join(hidden))
                return Asked(sequence, number, (*codes, *client.replies_to_come()), early=True)
        octets, mail = b"", b""
    code = client.ask(octets + mail + rcpt + data + b"".join(hidden))
    return Asked(sequence, number, (code, *client.replies_to_come()))


def ask_all(server: Receiver, table: Iterable[sequences.Sequence], manner: Manner) -> list[Asked]:
    """Send many, one behind the other; whatever is odd ends a session."""
    client, asked = Client(server.port, server.probe), []
    for sequence in table:
        asked.append(ask(client, sequence, manner))
        if client.over or asked[-1].early or len(asked[-1].codes) > 1:
            client.leave()
            client = Client(server.port, server.probe)
    client.leave()
    return asked


def survey(
    server: Receiver, table: Sequence[sequences.Sequence], manner: Manner = AT_ONCE
) -> dict[str, str]:
    """Ask a server about sequences; give what came of each, by name."""
    shares = [table[at::SESSIONS] for at in range(SESSIONS)]
    with ThreadPoolExecutor(SESSIONS) as threads:
        asked = list(threads.map(lambda share: ask_all(server, share, manner), shares))
    stored = server.stored()
    return {each.sequence.name: each.outcome(stored) for share in asked for each in share}
