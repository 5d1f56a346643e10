"""What lies in a Maildir: a message's octets, below the trace fields on top of them."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.interop.server import wait_for

_TRACE = re.compile(
    rb"Return-Path: <(?P<reverse_path>[^\n]*)>\n"
    rb"(?P<delivered_to>(?:(?:X-Original-To|Delivered-To): [^\n]+\n)+)"
    rb"Received: from (?P<helo>\S+) \(\[127\.0\.0\.1\]\)\n"
    rb"\tby mx\.example\.org \(gomail\) with (?P<protocol>SMTP|(?:ESMTP|UTF8SMTP)S?)"
    rb" id (?P<id>[\w.]+)"
    rb"(?:\n\t\((?P<encryption>[^\n]+)\))?"
    rb"(?:\n\tfor <(?P<only>[^\n]+)>)?;\n"
    rb"\t(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000\n"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """
    A message as it was stored.

    Attributes:
        path: of its file.
        reverse_path: from Return-Path, without the angle brackets.
        delivered_to: from Delivered-To, one for each address.
        helo: the name that the client gave.
        protocol: what was spoken, by its registered name.
        encryption: the facts of TLS; empty without.
        only: the forward-path in Received; empty where there were several.
        content: everything below our trace fields.
    """

    path: Path
    reverse_path: str
    delivered_to: tuple[str, ...]
    helo: str
    protocol: str
    encryption: str
    only: str
    content: bytes

    def below(self, added: re.Pattern[bytes]) -> bytes:
        """Give the content below what others have added on top."""
        top = added.match(self.content)
        assert top, self.content[:1000]
        return self.content[top.end() :]


def read_stored(path: Path) -> Stored:
    """Read a message's file; its trace fields must be exactly as we write them."""
    octets = path.read_bytes()
    trace = _TRACE.match(octets)
    assert trace, octets[:1000]
    fields = {name: (value or b"").decode() for name, value in trace.groupdict().items()}
    size = re.search(r",S=(\d+)", path.name)
    assert size, path.name
    assert int(size[1]) == len(octets)
    return Stored(
        path,
        fields["reverse_path"],
        tuple(re.findall(r"^Delivered-To: (.+)$", fields["delivered_to"], re.MULTILINE)),
        fields["helo"],
        fields["protocol"],
        fields["encryption"],
        fields["only"],
        octets[trace.end() :],
    )


def arrived(maildir: Path) -> list[Stored]:
    """Read all new messages, in the order in which they came."""
    # The other name of a message is removed when its 250 has left already.
    wait_for("tmp/ to be tidy", lambda: not list((maildir / "tmp").iterdir()))
    paths = list((maildir / "new").iterdir())
    return [read_stored(path) for path in sorted(paths, key=_order)]


def the_only_one(maildir: Path) -> Stored:
    """Read the one new message that there is."""
    messages = arrived(maildir)
    assert len(messages) == 1, [each.path.name for each in messages]
    return messages[0]


def wait_for_messages(maildir: Path, count: int) -> list[Stored]:
    """Wait until *count* new messages have come by way of somebody's queue, and read them."""

    def enough() -> bool:
        return len(list((maildir / "new").iterdir())) >= count

    wait_for(f"{count} messages in {maildir}", enough)
    messages = arrived(maildir)
    assert len(messages) == count
    return messages


def _order(path: Path) -> tuple[int, int, int]:
    """Give what of a name grows with each delivery."""
    parts = re.match(r"(\d+)\.M(\d+)P\d+Q(\d+)", path.name)
    assert parts, path.name
    seconds, micros, sequence = map(int, parts.groups())
    return seconds, micros, sequence
