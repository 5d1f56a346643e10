"""
Families of inputs: each makes some work that takes n of something, of whatever size is asked for.

They are the shapes in which a stranger, or a large configuration, can make a program count twice.
What is bounded elsewhere (a command line, a PROXY header) is asked for beyond its bounds, too.
"""

import tempfile
from collections.abc import Callable
from contextlib import suppress

from twisted.internet.defer import execute

from bench.complexity import checks, dialogue
from gomail import config
from gomail.address import Address
from gomail.address import Path as MailPath
from gomail.envelope import Client, Envelope, MailParameters
from gomail.events import MessageStored
from gomail.frames import Frames, framed
from gomail.limits import Limits
from gomail.message.content import Content, Memory
from gomail.reading.fields import decode_field
from gomail.reading.hypertext import read_hypertext
from gomail.reading.mime import read_octets
from gomail.reading.screen import draw
from gomail.reply import Refused
from gomail.server import lines
from gomail.server.proxy.header import read_header
from gomail.smtp import grammar
from gomail.smtp.framing import DotStuffed

Family = Callable[[int], Callable[[], object]]
PACKET = 64 * 1024
WIDE = Limits(header_size=1 << 30, header_fields=1 << 30, hops=1 << 30)


def packets(octets: bytes, size: int = PACKET) -> list[bytes]:
    """Cut octets into packets."""
    return [octets[start : start + size] for start in range(0, len(octets), size)]


def taken(octets: bytes, size: int = PACKET) -> Callable[[], object]:
    """Have content taken: its dots, its line ends, its header block."""
    cut = packets(octets, size)

    def take() -> None:
        framing = DotStuffed()
        content = Content(WIDE, Memory(1 << 30), execute, tempfile.gettempdir())
        for packet in cut:
            content.take(framing.feed(packet)[0])
        content.end()
        content.close()

    return take


def read(reader: Callable[[bytes], object], argument: bytes) -> Callable[[], object]:
    """Have an argument read; it may be refused."""

    def work() -> None:
        with suppress(Refused):
            reader(argument)

    return work


def rcpt(argument: bytes) -> Callable[[], object]:
    """Have the argument of RCPT read, and not out of memory."""
    return read(lambda octets: grammar.read_rcpt.__wrapped__(octets, utf8=True), argument)


def frames(octets: bytes, size: int) -> Callable[[], object]:
    """Have a frame come in pieces."""
    cut = packets(octets, size)

    def work() -> None:
        frames = Frames()
        for piece in cut:
            frames.feed(piece)

    return work


def configured(text: str) -> Callable[[], object]:
    """Have a configuration read, and a directory made of it."""

    def work() -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(text)
            file.flush()
            with suppress(config.ConfigurationError):
                config.directory(config.load(file.name))

    return work


def aliases(count: int) -> Callable[[], object]:
    """Have a configuration with many aliases read."""
    named = "".join(f'a{number} = "b"\n' for number in range(count))
    return configured(
        f'[domains.localhost]\nmailboxes = ["b"]\n[domains.localhost.aliases]\n{named}'
    )


def mistaken(count: int) -> Callable[[], object]:
    """Have the line of a mistake found at the end of a long file."""
    return configured("\n".join(f"[domains.d{number}]" for number in range(count)) + "\nx = 1")


def header_in_pieces(octets: bytes) -> Callable[[], object]:
    """Have a PROXY header come octet by octet."""

    def work() -> None:
        for size in range(len(octets)):
            read_header(octets[:size])

    return work


def logged(count: int) -> Callable[[], object]:
    """Have a message for many recipients written to the log, in both forms."""
    paths = tuple(MailPath(Address(f'"\x1b{number}"', "here.example")) for number in range(count))
    client = Client("0123456789", "192.0.2.1", 25, "\x1b" * count)
    envelope = Envelope("1.1", client, paths[0], MailParameters(), paths)
    event = MessageStored(envelope, (), 1, 1.0)
    return lambda: (lines.text(event), lines.as_json(event))


def shown(octets: bytes) -> Callable[[], object]:
    """Have a stored message read and drawn."""
    return lambda: draw(read_octets(octets, len(octets)))


def nested(depth: int) -> Callable[[], object]:
    """Have multipart in multipart read, far deeper than is opened."""
    return shown(
        b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (at, at)
            for at in range(depth)
        )
    )


FAMILIES: dict[str, tuple[Family, int]] = {
    "empty lines": (lambda n: dialogue.said([b"\r\n" * 512] * n), 4),
    "commands in packets of one octet": (lambda n: dialogue.said(packets(b"NOOP\r\n" * n, 1)), 100),
    "chunks of one octet": (lambda n: dialogue.chunked(b"BDAT 1\r\nx" * n), 200),
    "recipients": (dialogue.addressed, 200),
    "content in packets of one octet": (lambda n: taken(b"x" * n, 1), 2000),
    "header line": (lambda n: taken(b"X: " + b"y" * n), 1 << 20),
    "header line in small packets": (lambda n: taken(b"X: " + b"y" * n, 100), 50_000),
    "header fields": (lambda n: taken(b"A: b\r\n" * n), 50_000),
    "dots": (lambda n: taken(b"\r\n." * n), 50_000),
    "dots in small packets": (lambda n: taken(b"\r\n." * n, 100), 10_000),
    "bare LF": (lambda n: taken(b"\n" * n), 200_000),
    "bare CR": (lambda n: taken(b"\r" * n), 200_000),
    "local-part": (lambda n: rcpt(b"TO:<" + b"a." * n + b"@b>"), 50_000),
    "quoted local-part without end": (lambda n: rcpt(b'TO:<"' + b"\\a" * n), 50_000),
    "domain without end": (lambda n: rcpt(b"TO:<a@" + b"b." * n + b"-"), 50_000),
    "source route": (lambda n: rcpt(b"TO:<" + b"@a," * n + b"@a:b@c>"), 50_000),
    "source route without end": (lambda n: rcpt(b"TO:<@a" + b",@a" * n), 50_000),
    "parameters": (lambda n: read(grammar.read_mail, b"FROM:<>" + b" A=b" * n), 50_000),
    "blanks": (lambda n: read(grammar.read_greeting, b" " * n), 200_000),
    "PROXY header octet by octet": (lambda n: header_in_pieces(proxied(n)), 1000),
    "frame in pieces": (lambda n: frames(framed(b"x" * n * 4096), 4096), 64),
    "frames": (lambda n: frames(framed(b"x") * n, PACKET), 10_000),
    "log of a message for many": (logged, 500),
    "aliases": (aliases, 1000),
    "line of a mistake": (mistaken, 1000),
    "encoded words": (lambda n: lambda: decode_field("=?utf-8?q?=C3=A9?= " * n), 1000),
    "half an encoded word": (lambda n: lambda: decode_field("=?a?q?" * n), 5000),
    "MIME nesting": (nested, 100),
    "MIME parts": (
        lambda n: shown(b"Content-Type: multipart/mixed; boundary=b\n" + b"\n--b\n\nx" * n),
        400,
    ),
    "MIME parameters": (lambda n: shown(b"Content-Type: text/plain" + b"; a*0=b" * n), 100),
    **checks.FAMILIES,
    "HTML tags": (lambda n: lambda: read_hypertext("<a href='http:x'>" * n), 1000),
    "HTML tag without end": (lambda n: lambda: read_hypertext("<a b" * n), 2000),
    "HTML comment without end": (lambda n: lambda: read_hypertext("<!--" * n), 2000),
    "HTML section without end": (lambda n: lambda: read_hypertext("<![CDATA[" * n), 2000),
}


def proxied(size: int) -> bytes:
    """Write a header of version 2 with TLVs of that size."""
    return b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + (12 + size).to_bytes(2, "big") + bytes(12 + size)
