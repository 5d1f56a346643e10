"""
The child process that reads what a list tells of messages, out of many; bounded, as child.py.

Its arguments are the numbers of open folders. Each line of its standard input names a message: the
number of its folder, a blank, and its file name in hexadecimal. Each is answered with a line of
JSON on standard output, at once, in their order: a list of subject, author, recipients, Date field,
size and time of the file, ``null`` where there is no such file, or ``false`` where it can't be
read. A message that takes too much costs the child its life: it is the first of those that were not
answered (batch.py).
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from email.utils import mktime_tz, parsedate_tz

from gomail.reading import bounds
from gomail.reading.fields import decode_field
from gomail.reading.maildir import open_in

#: Octets of a message in which its header fields are looked for.
HEAD_OCTETS = 64 * 1024
#: Octets of a field that are decoded, and characters of it that are told.
FIELD_OCTETS = 2 * 1024
CHARACTERS = 300

LIMITS = bounds.LIMITS | {"RLIMIT_CPU": (3, 3)}

_END = re.compile(rb"\n\r?\n")
_FIELD = re.compile(
    rb"^(from|to|cc|subject|date)[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE
)
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_FIRST = 8 * 1024  # octets in which nearly every header ends
_YEARS = 100 * 366 * 24 * 3600


def main(arguments: list[str]) -> None:
    """Answer for each message that is named at standard input."""
    bounds.limit_resources(LIMITS)
    folders = [int(each) for each in arguments]
    for line in sys.stdin.buffer:
        number, _, name = line.partition(b" ")
        answer = read_head(folders[int(number)], bytes.fromhex(name.decode("ascii")))
        os.write(1, json.dumps(answer).encode() + b"\n")


def read_head(folder: int, name: bytes) -> list[object] | bool | None:
    """Read what a list tells of a message: False if it can't be read, None if there is none."""
    try:
        descriptor = open_in(folder, os.fsdecode(name))
    except FileNotFoundError:
        return None
    except OSError:
        return False
    with os.fdopen(descriptor, "rb", buffering=0) as stored:
        status = os.fstat(stored.fileno())
        octets = stored.read(_FIRST) or b""
        if not _END.search(octets) and len(octets) == _FIRST:
            octets += stored.read(HEAD_OCTETS - _FIRST) or b""
    return [*_told(octets), status.st_size, status.st_mtime_ns]


def _told(octets: bytes) -> list[object]:
    """Give subject, author, recipients and the time in Date, or None where that has none."""
    found: dict[bytes, bytes] = {}
    end = _END.search(octets)
    for name, body in _FIELD.findall(octets[: end.start() if end else len(octets)]):
        found.setdefault(name.lower(), body[:FIELD_OCTETS])
    recipients = b", ".join(found[each].strip() for each in (b"to", b"cc") if each in found)
    subject, author = (found.get(each, b"") for each in (b"subject", b"from"))
    return [*map(_text, (subject, author, recipients)), _time(found.get(b"date", b""))]


def _text(octets: bytes) -> str:
    """Decode a field, in one line, with nothing in it that JSON, SQL or UTF-8 would not have."""
    text = octets.decode("ascii", "surrogateescape")
    with suppress(Exception):  # the email package raises anything at all
        text = decode_field(text)
    text = text.encode("utf-8", "replace").decode()
    return _UNSEEN.sub(" ", text).strip()[:CHARACTERS]


def _time(octets: bytes) -> float | None:
    """Read a Date field (RFC 5322 §3.3), as far as it can be meant."""
    with suppress(Exception):  # as above
        parsed = parsedate_tz(octets[:100].decode("ascii", "replace"))
        if parsed is not None:
            seconds = float(mktime_tz(parsed))
            return seconds if abs(seconds) < _YEARS else None
    return None
