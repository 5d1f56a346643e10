"""
What is sent, and whether what a server stored is that, octet by octet.

Every load has a letter of its own, so that each stored file says which load it came from. As many
files as were acknowledged must be there; trace fields may stand on top, and nothing else.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LINE = b"The quick brown fox jumps over the lazy dog, and the dog takes note of it. "
_TRACE = re.compile(
    rb"(?:(?:Return-Path|Delivered-To|X-Original-To|Received|Received-SPF|Authentication-Results):"
    rb" [^\n]*\n(?:[\t ][^\n]*\n)*)*\Z"
)
_PASSES = {
    "SPF": re.compile(
        rb"^Received-SPF: Pass |^Authentication-Results:(?:.*\n[\t ])*.*spf=pass smtp\.mailfrom=",
        re.MULTILINE,
    ),
    "DKIM": re.compile(rb"^Authentication-Results:(?:.*\n[\t ])*.*dkim=pass", re.MULTILINE),
    "DMARC": re.compile(rb"^Authentication-Results:(?:.*\n[\t ])*.*dmarc=pass", re.MULTILINE),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """
    One message.

    Attributes:
        name: of the load that sends it.
        content: as it is stored, with LF for line ends.
    """

    name: str
    content: bytes

    @property
    def octets(self) -> bytes:
        """Give it as it is sent: CRLF for line ends, dots stuffed, and the final dot."""
        lines = self.content.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
        return lines + b".\r\n"


@cache
def letter(name: str, size: int) -> Letter:
    """Write a letter of about *size* octets; a line in eight begins with a dot."""
    head = (
        f"From: <load@client.example>\nTo: <inbox@bench.example>\nSubject: bench {name}\n"
        f"Message-ID: <{name}@client.example>\nDate: Fri, 27 Nov 2026 12:00:00 +0000\n\n"
    ).encode()
    lines = [_LINE + b"%d\n" % (each % 10) for each in range(8)]
    lines[7] = b"." + lines[7][1:]
    block = b"".join(lines)
    text = block * ((size - len(head)) // len(block) + 1)
    body = text[: max(0, size - len(head) - 2)]
    return Letter(name, head + body + b"\n\n")


def write_for_source(letter: Letter, folder: Path) -> Path:
    """Put a letter into a file that smtp-source sends; it adds the empty line at the end itself."""
    path = folder / f"{letter.name}.letter"
    path.write_bytes(letter.content.removesuffix(b"\n"))
    return path


def check(paths: Iterable[Path], sent: Mapping[Letter, int]) -> list[str]:
    """
    Compare every stored file with what was sent.

    Args:
        paths: all files that are stored.
        sent: how many copies of each letter must be among them, since so many were acknowledged.

    Returns:
        What is wrong, one sentence each; at most ten of files.
    """
    found: Counter[str] = Counter()
    wrong: list[str] = []
    for path in paths:
        stored = path.read_bytes()
        for each in sent:
            if stored.endswith(each.content) and _TRACE.match(stored[: -len(each.content)]):
                found[each.name] += 1
                break
        else:
            wrong.append(f"{path.name} is no copy of anything that was sent")
    if len(wrong) > 10:
        wrong = [*wrong[:10], f"{len(wrong) - 10} files more are none"]
    wrong += [
        f"{count} copies of {each.name} were acknowledged, {found[each.name]} are stored"
        for each, count in sent.items()
        if found[each.name] != count
    ]
    return wrong


def unexamined(paths: Iterable[Path], sent: Letter) -> list[str]:
    """
    See that what was found out stands on top of each copy of a letter: SPF, DKIM and DMARC pass.

    Returns:
        What is wrong, one sentence each.
    """
    missing: Counter[str] = Counter()
    for path in paths:
        stored = path.read_bytes()
        if stored.endswith(sent.content):
            top = stored[: -len(sent.content)]
            missing.update(name for name, passes in _PASSES.items() if not passes.search(top))
    return [
        f"{count} copies of {sent.name} have no pass of {name}" for name, count in missing.items()
    ]
