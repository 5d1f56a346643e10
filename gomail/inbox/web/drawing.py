"""
Templates and how things are written in them for people: times, sizes, names, marks.

All text in a message is a stranger's. The templates escape it for HTML; `plain` shows what could
deceive a reader without being markup: controls, and signs that turn the direction of writing.
"""

import re
import time
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from gomail.inbox.mailbox import Listed

_KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
}
_DECEIVING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_NAMED = re.compile(r"\s*\"?(?P<name>[^<]*?)\"?\s*<(?P<address>[^<>]*)>\s*\Z")
_UNITS = ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K"))
_MARKS = (
    ("T", "D", "deleted"),
    ("F", "!", "flagged"),
    ("R", "r", "replied"),
    ("P", "p", "passed on"),
)


class Drawing:
    """Draws pages."""

    def __init__(self) -> None:
        folder = files("gomail.inbox.web").joinpath("static")
        self.static: dict[str, tuple[str, bytes]] = {}
        self._paths: dict[str, str] = {}
        for file in folder.iterdir():
            stem, _, ending = file.name.rpartition(".")
            if ending in _KINDS:
                octets = file.read_bytes()
                name = f"{stem}.{sha256(octets).hexdigest()[:12]}.{ending}"
                self.static[name] = _KINDS[ending], octets
                self._paths[file.name] = f"/static/{name}"
        self._templates = Environment(
            autoescape=True,
            loader=PackageLoader("gomail.inbox.web"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(plain=plain, size=size, when=when, stamp=stamp, full=full)
        self._templates.globals.update(static=self._paths.__getitem__, link=link, lines=lines)

    def page(self, template: str, **values: object) -> bytes:
        """Draw a page."""
        text = self._templates.get_template(template).render(**values)
        return text.encode("utf-8", "replace")


def plain(text: str | None) -> str:
    """Show what could deceive: controls, and signs that turn the direction of writing."""
    return _DECEIVING.sub(lambda match: ascii(match.group())[1:-1], text or "")


def link(*path: str, **query: str | None) -> str:
    """Write a path of ours, with the parameters that are not empty."""
    said = urlencode({name: value for name, value in query.items() if value}, errors="replace")
    return (
        "/"
        + "/".join(quote(part, safe="", errors="replace") for part in path)
        + ("?" + said if said else "")
    )


def size(octets: int) -> str:
    """Write a size in few signs."""
    unit, name = next((each for each in _UNITS if octets >= each[0]), _UNITS[-1])
    number = max(octets / unit, 0.1)
    return f"{number:.1f}{name}" if number < 10 else f"{number:.0f}{name}"


def when(seconds: float) -> str:
    """Write a time in few signs, as of now: of today the hour, of this year the day."""
    then, now = _local(seconds), time.localtime()
    if then[:3] == now[:3]:
        return time.strftime("%H:%M", then)
    return time.strftime("%d %b" if then[0] == now[0] else "%Y-%m-%d", then)


def full(seconds: float) -> str:
    """Write a time in full."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z", _local(seconds))


def stamp(seconds: float) -> str:
    """Write a time for programs."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", _local(seconds))


def _local(seconds: float) -> time.struct_time:
    """Give a time in parts; one that no clock has is the first of all."""
    try:
        return time.localtime(seconds)
    except (OverflowError, OSError, ValueError):
        return time.localtime(0)


def author(text: str) -> tuple[str, str]:
    """Part what From says into name and address; without a name the address stands for it."""
    match = _NAMED.match(text)
    if match is None:
        return plain(text) or "(nobody)", ""
    name, address = plain(match["name"].strip()), plain(match["address"].strip())
    return (name, address) if name else (address or "(nobody)", "")


def row(listed: Listed, **query: str | None) -> dict[str, Any]:
    """Give what a list shows of a message."""
    unread = "S" not in listed.flags
    marks = [("N", "unread")] if unread else []
    marks += [(mark, word) for flag, mark, word in _MARKS if flag in listed.flags]
    name, address = author(listed.author)
    return {
        "key": listed.key,
        "folder": listed.folder,
        "href": link("message", listed.key, folder=listed.folder, **query),
        "subject": plain(listed.subject) or "(no subject)",
        "author": name,
        "address": address,
        "when": when(listed.time),
        "stamp": stamp(listed.time),
        "full": full(listed.time),
        "size": size(listed.size),
        "unread": unread,
        "flagged": "F" in listed.flags,
        "deleted": "T" in listed.flags,
        "marks": "".join(mark for mark, _ in marks),
        "words": ", ".join(word for _, word in marks),
    }


_URL = re.compile(
    r"https?://[^\s<>\"'\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,2000}"
)
_BEHIND = ".,;:!?)]}"


def lines(text: str) -> list[tuple[bool, list[tuple[str, bool]]]]:
    """
    Part a text into runs of lines, quoted or not, and each run into words and addresses of the web.

    Args:
        text: as it was written.
    """
    runs: list[tuple[bool, list[str]]] = []
    for line in plain(text).rstrip().split("\n"):
        quoted = line.startswith(">")
        if not runs or runs[-1][0] != quoted:
            runs.append((quoted, []))
        runs[-1][1].append(line)
    return [(quoted, _pieces("\n".join(found))) for quoted, found in runs]


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Part a text into what is an address of the web and what is none."""
    pieces, end = [], 0
    for match in _URL.finditer(text):
        url = match.group().rstrip(_BEHIND)
        pieces += [(text[end : match.start()], False), (url, True)]
        end = match.start() + len(url)
    return [*pieces, (text[end:], False)]
