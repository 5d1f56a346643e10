"""Sessions in memory, of a client that says whatever takes the most work."""

from collections.abc import Callable, Iterable

from gomail.smtp import grammar
from gomail.testing.recording import Recorder
from gomail.testing.wire import MemoryServer

SEGMENT = 1460  # octets of a packet as most networks have it
MAIL = b"EHLO client.example\r\nMAIL FROM:<a@there.example>\r\nRCPT TO:<b@here.example>\r\n"


def said(packets: Iterable[bytes], before: bytes = b"") -> Callable[[], object]:
    """Have a trusted client say something, packet by packet; nobody else is heard for so long."""
    cut = list(packets)
    server = MemoryServer(Recorder())
    wire = server.connect("127.0.0.1")
    wire.send(before) if before else None

    def work() -> None:
        for packet in cut:
            wire.send(packet)
        server.advance(1)
        assert wire.idle

    return work


def chunked(octets: bytes) -> Callable[[], object]:
    """Have content come in chunks."""
    return said([octets], MAIL)


def addressed(count: int) -> Callable[[], object]:
    """Have a message addressed to many, none of whom is remembered."""
    grammar.read_rcpt.cache_clear()
    paths = b"".join(b"RCPT TO:<b%d@here.example>\r\n" % number for number in range(count))
    segments = [paths[start : start + SEGMENT] for start in range(0, len(paths), SEGMENT)]
    return said([*segments, b"DATA\r\nx\r\n.\r\n"], MAIL)
