"""
A session's lines out of a log, as values; of both formats that gomail writes.

The peer has a hand in what stands in a line, so an id counts only where gomail writes it: behind
the first word, or under its key. A log may be of any size: it is read line by line, and of each the
first `LONGEST` signs.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SESSION = re.compile(r"[0-9a-f]{10}\Z")
LONGEST = 16 * 1024  # signs of a line: the longest has a message for a hundred recipients
MOST = 1000  # lines of one session that are told

_TEXT = re.compile(
    r"(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) )?(?:worker \d+: )?"
    r"(refused|checked|junk|stored|dropped|session) ([0-9a-f]{10})(?:\.(\d+))?([ :].*)\Z"
)
_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:\.\.\.)?"""
_REFUSED = re.compile(
    rf" of \S+(?: \({_QUOTED}\))?(?: after ({_QUOTED}))?"
    r": ([245]\d\d) (?:([245]\.\d{1,3}\.\d{1,3}) )?(.*)\Z"
)
_BY = re.compile(r": (?:none|mark|junk|defer|refuse) by ([a-z0-9-]+)(?:;|\Z)")


class Line(NamedTuple):
    """
    One line about a session.

    Attributes:
        time: when, in UTC; empty where the log has none.
        kind: ``refused``, ``checked``, ``junk``, ``stored``, ``dropped`` or ``session``.
        message: the number of the message in the session; None for what is of the session.
        text: what the line tells behind that, as printable ASCII.
        code: of a refusal, else None.
        status: of a refusal, may be empty.
        reply: the words of a refusal with what may follow them, else empty.
        said: what the client had said, as the log writes it, else empty.
        rule: of what was checked: the rule that decided, else empty.
    """

    time: str
    kind: str
    message: int | None
    text: str
    code: int | None = None
    status: str = ""
    reply: str = ""
    said: str = ""
    rule: str = ""


def lines_of(log: Iterable[str], session: str) -> Iterator[Line]:
    """Give the lines of a session, at most `MOST`."""
    told = 0
    for line in log:
        if session not in line:
            continue
        read = read_line(line[:LONGEST].rstrip("\n"), session)
        if read is not None:
            yield read
            told += 1
            if told >= MOST:
                return


def read_line(line: str, session: str) -> Line | None:
    """Read a line, if it is one of that session's."""
    if line.startswith("{"):
        return _read_object(line, session)
    match = _TEXT.match(line)
    if match is None or match[3] != session:
        return None
    time, kind, rest = match[1] or "", match[2], match[5]
    text = _printable(rest.lstrip(" :"))
    message = None if match[4] is None else int(match[4][:9])
    if kind == "refused":
        return _refusal(time, text, rest)
    by = _BY.search(rest) if kind == "checked" else None
    return Line(time, kind, message, text, rule=by[1] if by else "")


def _refusal(time: str, text: str, rest: str) -> Line:
    """Read what a refusal says: the client's words stand before, in quotes, the reason behind."""
    match = _REFUSED.match(rest)
    if match is None:
        return Line(time, "refused", None, text)
    said, code, status, reply = match.groups()
    said = _printable(said or "")
    return Line(time, "refused", None, text, int(code), status or "", _printable(reply), said)


def _read_object(line: str, session: str) -> Line | None:
    """Read a line of JSON."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    kind = str(values.get("event", ""))
    owner, _, number = str(values.get("id", values.get("session", ""))).partition(".")
    if owner != session or kind not in {
        "refused",
        "checked",
        "junk",
        "stored",
        "dropped",
        "session",
    }:
        return None
    code, reason = values.get("code"), str(values.get("reason", ""))
    reply = str(values.get("reply", ""))
    return Line(
        _printable(str(values.get("time", "")))[:30],
        kind,
        int(number[:9]) if number.isdecimal() else None,
        _printable(_in_words(kind, values)),
        code if isinstance(code, int) and kind == "refused" else None,
        _printable(str(values.get("status", ""))),
        _printable(f"{reply}: {reason}" if reason and reply else reply),
        "" if values.get("said") == "''" else _printable(str(values.get("said", ""))),
        _printable(str(values.get("rule", ""))),
    )


def _in_words(kind: str, values: dict[str, object]) -> str:
    """Write the fields of an object as pairs, without those that every line of a session has."""
    common = {"time", "event", "session", "id", "worker"}
    rest = {key: value for key, value in values.items() if key not in common}
    if kind == "refused":
        return f"of {rest.get('peer')}"
    return ", ".join(f"{key}={json.dumps(value)}" for key, value in rest.items())


def _printable(text: str) -> str:
    """Give a line so that it does nothing to a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
