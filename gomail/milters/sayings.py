"""What a milter says: a packet (SMFIR) becomes a value, or `Nonsense` is raised."""

import re
import struct
from enum import Enum
from typing import NamedTuple, TypeAlias

from gomail.milters.changes import AddField, Change, ChangeField, InsertField, is_name
from gomail.milters.packets import Nonsense, read_texts
from gomail.reply import MILTER_DEFERS, MILTER_REFUSES, Reply

_MOST_LINES = 20  # of a reply; the rest is cut
_LONGEST_LINE = 480  # octets of one, likewise; nor does the log keep more
_INDEX = struct.Struct("!I")
_LAST_INDEX = 0x7FFFFFFF  # C's int
_REPLY = re.compile(rb"([45])[0-9]{2}(?:[ -]|\Z)")
_LINE = re.compile(
    rb"(?:[45][0-9]{2}[ -]?)?(?:([245])\.([0-9]{1,3}\.[0-9]{1,3})(?: +|\Z))?(.*)\Z", re.DOTALL
)
_INVISIBLE = re.compile(rb"[^ -~]")
_DOUBLED = re.compile(rb"%(.?)", re.DOTALL)


class Word(Enum):
    """What is said with one octet, and nothing behind it."""

    CONTINUE = b"c"
    ACCEPT = b"a"
    DISCARD = b"d"
    SKIP = b"s"
    PROGRESS = b"p"


class Refuse(NamedTuple):
    """The command, or the message, is answered so."""

    reply: Reply


class Quarantine(NamedTuple):
    """The message is to be kept apart: *reason* is printable ASCII."""

    reason: str


class Unoffered(NamedTuple):
    """The milter asks for *what* gomail has not offered."""

    what: str


Saying: TypeAlias = Word | Refuse | Quarantine | Unoffered | Change

_WORDS = {word.value: word for word in Word}
# The last is how a milter that stops has the session end with 421: only the dialogue ends one.
_PLAIN_REFUSALS = {
    b"r": Refuse(MILTER_REFUSES),
    b"t": Refuse(MILTER_DEFERS),
    b"4": Refuse(MILTER_DEFERS),
}
_UNOFFERED = {
    b"+": "a recipient to be added",
    b"2": "a recipient to be added",
    b"-": "a recipient to be removed",
    b"b": "the body to be replaced",
    b"e": "the reverse-path to be changed",
}


def read_saying(command: bytes, data: bytes, *, leading_space: bool) -> Saying:
    """
    Read a packet.

    Args:
        command: its first octet.
        data: the rest.
        leading_space: whether the milter writes the space behind a colon itself; else it is added.

    Raises:
        Nonsense: the protocol knows no such packet.
    """
    if command in _WORDS or command in _PLAIN_REFUSALS:
        if data:
            raise Nonsense(f"{command!r} with {len(data)} octets behind it")
        return _WORDS.get(command) or _PLAIN_REFUSALS[command]
    if command == b"y":
        return Refuse(_read_reply(data))
    if command == b"q":
        return Quarantine(printable(data.partition(b"\0")[0][:100]))
    if command in _UNOFFERED:
        return Unoffered(_UNOFFERED[command])
    return _read_change(command, data, b"" if leading_space else b" ")


def printable(octets: bytes) -> str:
    """Give text in which everything is printable ASCII."""
    return _INVISIBLE.sub(b"?", octets).decode("ascii")


def _read_change(command: bytes, data: bytes, space: bytes) -> Change:
    """Read a change of the header."""
    index = 0
    if command in b"im":
        if len(data) < _INDEX.size:
            raise Nonsense("a change of nothing")
        (index,) = _INDEX.unpack_from(data)
        data = data[_INDEX.size :]
        if index > _LAST_INDEX:
            raise Nonsense(f"a field with index {index - 2**32}")
    elif command != b"h":
        raise Nonsense(f"{command!r}, which is no reply")
    name, value = read_texts(data, 2)
    if not is_name(name):
        raise Nonsense(f"a field that is named {name[:100]!r}")
    if command == b"m":
        return ChangeField(index, name, value and space + value)
    if command == b"i":
        return InsertField(index, name, space + value)
    return AddField(name, space + value)


def _read_reply(data: bytes) -> Reply:
    """
    Read a reply to the client, of one line or several.

    It becomes one of gomail's: a 421 is 451, since only the dialogue ends a session, and a line of
    several is told by its text. Sendmail takes the text for a format, so milters double percents.
    """
    text = data.partition(b"\0")[0]
    match = _REPLY.match(text)
    if match is None:
        raise Nonsense(f"a reply that has no code of 4xx or 5xx: {text[:100]!r}")
    lines = [_LINE.match(line) for line in re.split(rb"\r?\n", text.strip(b"\r\n"))[:_MOST_LINES]]
    parts = [line.groups() for line in lines if line is not None]
    kind, detail, _ = parts[0]
    known = detail.decode("ascii") if kind == match[1] else "7.1"
    said = "\n".join(
        printable(_DOUBLED.sub(rb"\1", words)[:_LONGEST_LINE]) for _, _, words in parts
    )
    code = int(text[:3])
    return Reply(451 if code == 421 else code, known, said or "Refused")
