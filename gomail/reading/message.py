"""
What a stored message says, as values: Message, Part and Field.

The child process makes them and sends them as JSON; the parent reads them back. All text in
here is a stranger's, decoded but not made harmless: whoever shows it escapes it for its medium
(screen.py does so for terminals). Only `Part.filename` is safe as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

#: Octets of JSON that the child may send about one message.
ANSWER_OCTETS = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Field:
    """A header field, unfolded and with its encoded words decoded (RFC 5322 §2.2, RFC 2047)."""

    name: str
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """
    A node of the MIME tree (RFC 2045).

    `size` is in octets after transfer decoding, for a container the sum of what it holds. `text`
    is None where there is nothing to read: containers, attachments, images, and HTML beside a
    plain alternative. `fields` are those of a message inside the message.
    """

    content_type: str
    size: int
    charset: str | None = None
    disposition: str | None = None
    filename: str | None = None
    text: str | None = None
    fields: tuple[Field, ...] = ()
    children: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message; `size` is that of its file, `problems` what was broken, cut or left out."""

    fields: tuple[Field, ...]
    root: Part
    size: int
    problems: tuple[str, ...] = ()

    def field(self, name: str) -> str | None:
        """Return the text of the first header field of that *name*, in any case."""
        wanted = name.lower()
        return next((field.text for field in self.fields if field.name.lower() == wanted), None)

    def parts(self) -> Iterator[tuple[str, Part]]:
        """Yield each part with its number in the tree: 2.1 is the first inside the second."""
        yield from _number(self.root, "")


def _number(part: Part, number: str) -> Iterator[tuple[str, Part]]:
    """Yield *part* and all below it; the root is 1 as well, there being nothing beside it."""
    yield number or "1", part
    for position, child in enumerate(part.children, start=1):
        yield from _number(child, f"{number}.{position}" if number else str(position))


def write_json(message: Message) -> bytes:
    """Return *message* as JSON; lone surrogates, which UTF-7 can make, are kept."""
    return json.dumps(asdict(message), ensure_ascii=False).encode("utf-8", "surrogatepass")


def rebuild(value: dict[str, Any]) -> Message:
    """
    Return the message that `write_json` wrote, from *value* as json.loads returned it.

    Raises:
        AttributeError, KeyError, RecursionError, TypeError, ValueError: for anything else.
    """
    return Message(
        fields=_fields(value["fields"]),
        root=_part(value["root"]),
        size=int(value["size"]),
        problems=tuple(str(problem) for problem in value["problems"]),
    )


def _fields(values: list[dict[str, Any]]) -> tuple[Field, ...]:
    return tuple(
        Field(str(value["name"]), str(value["text"]), cut=bool(value["cut"])) for value in values
    )


def _part(value: dict[str, Any]) -> Part:
    return Part(
        content_type=str(value["content_type"]),
        size=int(value["size"]),
        charset=_text(value["charset"]),
        disposition=_text(value["disposition"]),
        filename=_text(value["filename"]),
        text=_text(value["text"]),
        fields=_fields(value["fields"]),
        children=tuple(_part(child) for child in value["children"]),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
