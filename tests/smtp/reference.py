"""How content is read by RFC 5321 §4.5.2, in a few lines; and how ours is had packet by packet."""

from collections.abc import Iterable

from gomail.smtp.framing import DotStuffed


def reference(wire: bytes) -> tuple[bytes, bytes | None]:
    """Read content as RFC 5321 §4.5.2 has it: lines that end in CRLF, a dot alone the last."""
    content = b""
    while True:
        line, crlf, rest = wire.partition(b"\r\n")
        if not crlf:
            return content, None
        if line == b".":
            return content, rest
        content += line.removeprefix(b".") + crlf
        wire = rest


def feed(packets: Iterable[bytes]) -> tuple[bytes, bytes | None]:
    """Read content packet by packet; what comes behind the end is put back together."""
    framing = DotStuffed()
    content = b""
    packets = iter(packets)
    for packet in packets:
        more, rest = framing.feed(packet)
        content += more
        if rest is not None:
            return content, rest + b"".join(packets)
    return content, None


def octet_by_octet(octets: bytes) -> list[bytes]:
    """Put each octet into a packet of its own."""
    return [bytes([octet]) for octet in octets]
