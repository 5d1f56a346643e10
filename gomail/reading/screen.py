r"""
Message → text for a terminal.

Whatever could control a terminal or deceive its reader (C0, C1, ESC, DEL, bidirectional
overrides, zero-width and private characters) is shown as an escape such as ``\x1b``. Every line
has a margin, and long ones are folded behind it, so that nothing in a message can look like a log
line, a shell prompt, or the end of the message.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from gomail.reading.message import Field, Message, Part

PRINCIPAL = ("from", "to", "cc", "subject", "date")

_HARMFUL_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_BOLD, _WARNING = "1", "33"
_LONGEST_NAME = 40
_PIECE = 4000
_BEYOND_ASCII = re.compile(r"[^ -~]")


class Fields(Enum):
    """Which header fields are drawn: the principal ones, all on a line each, or all in full."""

    PRINCIPAL = "principal"
    LINES = "lines"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Look:
    """How a message is drawn; *width* in columns, *lines* at most, for a terminal's *encoding*."""

    width: int = 100
    lines: int = 500
    encoding: str = "utf-8"
    colour: bool = False
    fields: Fields = Fields.LINES


def draw(message: Message, title: str = "", look: Look | None = None) -> str:
    """Return *message* as lines of text for a terminal, the last one ended too."""
    drawing = _Drawing(look or Look())
    return drawing.frame(title, _human(message.size), drawing.message(message))


def draw_line(title: str, reason: str, look: Look | None = None) -> str:
    """Return one line, in the manner of `draw`, that says why there is no message to see."""
    drawing = _Drawing(look or Look())
    return drawing.frame(title, reason, ())


def make_visible(text: str) -> str:
    """Return *text* with all that could control a terminal escaped, line ends and tabs too."""
    return _BEYOND_ASCII.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if unicodedata.category(char) not in _HARMFUL_CATEGORIES:
        return char
    return ascii(char)[1:-1]


def fold(text: str, width: int) -> Iterator[str]:
    """Yield pieces of *text* no wider than *width* columns, broken at spaces where they are."""
    if text.isascii() and len(text) <= width:
        yield text
        return
    start, space, columns = 0, 0, 0
    for index, char in enumerate(text):
        columns += _columns(char)
        if columns > width and index > start:
            end = space if space > start else index
            yield text[start:end]
            start, columns = end, sum(map(_columns, text[end : index + 1]))
        if char == " ":
            space = index + 1
    yield text[start:]


def _columns(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _human(octets: int) -> str:
    """Return a size as people read it."""
    if octets < 1024:
        return f"{octets} octet{'' if octets == 1 else 's'}"
    size, unit = octets / 1024, "KiB"
    if size >= 1024:
        size, unit = size / 1024, "MiB"
    return f"{size:.1f} {unit}"


class _Drawing:
    """One message being drawn for one kind of terminal."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._width = max(look.width - 2, 20)
        box = ("┌─ ", "│", "└─", "├─ ", "└─ ", "│  ", " · ", "…")
        plain = (",- ", "|", "`-", "|- ", "`- ", "|  ", " - ", "...")
        signs = box if self._shows("".join(box)) else plain
        self._head, self._margin, self._foot, *rest = signs
        self._branch, self._last, self._stem, self._dot, self._more = rest

    def frame(self, title: str, about: str, lines: Iterator[str] | Sequence[str]) -> str:
        """Return *lines* behind a margin, below a line that says what they are."""
        says = [self._safe(words) for words in (title, about) if words]
        head = next(fold(self._head + self._dot.join(says), self._look.width))
        body = [f"{self._margin} {line}".rstrip() for line in self._first(lines)]
        ends = [head, *body, self._foot] if body else [head]
        return "".join(f"{line}\n" for line in ends)

    def message(self, message: Message) -> Iterator[str]:
        """Yield the lines of *message*: fields, tree, what is to be said, texts."""
        yield from self._fields(message.fields)
        if message.fields:
            yield ""
        yield from self._tree(message.root, "", "")
        for problem in message.problems:
            for line in fold(f"! {self._safe(problem)}", self._width):
                yield self._paint(line, _WARNING)
        yield from self._texts(message)

    def _first(self, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
        """Yield so many lines as are wanted, and say that there are more."""
        source = iter(lines)
        yield from islice(source, self._look.lines)
        if next(source, None) is not None:
            yield f"{self._more} cut after {self._look.lines} lines"

    def _fields(self, fields: tuple[Field, ...]) -> Iterator[str]:
        """Yield the principal fields, in their usual order, then all others in their own."""
        for name in PRINCIPAL:
            for field in fields:
                if field.name.lower() == name:
                    yield from self._field(field, len("Subject: "))
        others = [field for field in fields if field.name.lower() not in PRINCIPAL]
        if self._look.fields is Fields.PRINCIPAL:
            return
        if 0 < len(others) < len(fields):
            yield ""
        for field in others:
            lines = list(self._field(field, 0))
            if self._look.fields is Fields.LINES and len(lines) > 1:
                lines = [lines[0] + self._more]
            yield from lines

    def _field(self, field: Field, indent: int) -> Iterator[str]:
        """Yield a field's lines: its name, its body from column *indent*, folded with a margin."""
        name = self._safe(field.name[:_LONGEST_NAME]) + ":"
        body = self._safe(field.text) + (self._more if field.cut else "")
        margin = " " * max(indent, 4)
        lines = fold(f"{name.ljust(max(indent - 1, 0))} {body}", self._width - len(margin))
        yield next(lines).rstrip().replace(name, self._paint(name, _BOLD), 1)
        for line in lines:
            yield margin + line

    def _tree(self, part: Part, branch: str, stem: str) -> Iterator[str]:
        """Yield a line for each part; *branch* leads to this one, *stem* passes it by."""
        label = self._safe(", ".join(_describe(part)))
        yield from islice(fold(branch + label, self._width), 1)
        for child in part.children:
            last = child is part.children[-1]
            yield from self._tree(
                child,
                stem + (self._last if last else self._branch),
                stem + ("   " if last else self._stem),
            )

    def _texts(self, message: Message) -> Iterator[str]:
        """Yield what there is to read, each text below its number where there are several."""
        texts = [(number, part) for number, part in message.parts() if (part.text or "").strip()]
        for number, part in texts:
            yield ""
            if len(texts) > 1:
                yield self._paint(self._safe(f"[{number}] {part.content_type}"), _BOLD)
            for line in (part.text or "").rstrip().split("\n"):
                yield from self._text_line(line.expandtabs())

    def _text_line(self, line: str) -> Iterator[str]:
        # By pieces: the lines beyond those wanted, and the rest of a huge one, cost nothing.
        for start in range(0, len(line) or 1, _PIECE):
            yield from fold(self._safe(line[start : start + _PIECE]), self._width)

    def _safe(self, text: str) -> str:
        """Return *text* harmless, and in what the terminal's encoding has."""
        visible = make_visible(text)
        return visible.encode(self._look.encoding, "backslashreplace").decode(self._look.encoding)

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._look.colour else text

    def _shows(self, signs: str) -> bool:
        """Tell whether the terminal has these *signs*."""
        return self._safe(signs) == signs


def _describe(part: Part) -> Iterator[str]:
    """Yield the words about a part: type, charset, disposition, name, size."""
    yield part.content_type
    if part.charset:
        yield part.charset
    if part.disposition and part.disposition != "inline":
        yield part.disposition
    if part.filename:
        yield f'"{part.filename}"'
    yield from (
        f"subject {field.text!r:.60}" for field in part.fields if field.name.lower() == "subject"
    )
    if not part.children:
        yield _human(part.size)
