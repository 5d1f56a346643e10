"""
A message as a browser shows it, as values: what it says, its HTML made harmless, who sent it.

The child process makes a Sheet and sends it as JSON (browser.py); the parent reads it back
(opened.py). All text but `Markup.html` is a stranger's, decoded and not made harmless.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from gomail.reading.message import Message, rebuild

#: Octets of JSON that the child may send about one message.
SHEET_OCTETS = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Markup:
    """
    A message's HTML, out of which everything was taken that acts or loads.

    Attributes:
        html: a fragment of elements and attributes of an allow list; nothing in it loads anything,
            and what links lead to is http:, https: or mailto:.
        remote: how many references to what is not in the message were taken out.
        embedded: how many images of the message are in it, as ``data:`` URLs.
        omitted: how many references to images of the message were taken out: not there, too big, or
            of a kind that is more than an image.
    """

    html: str
    remote: int = 0
    embedded: int = 0
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What one method found (RFC 8601 §2.2); properties are ptype, property and value."""

    method: str
    result: str
    reason: str = ""
    properties: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """An Authentication-Results field that stands above the first Received, and who wrote them."""

    authserv_id: str
    received_by: str
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    A message as a browser shows it.

    Attributes:
        message: what it says, as text.
        markup: its HTML; None where it has none, or none that could be made harmless in time.
        results: what our own server has found out about who sent it; None where it has not said.
    """

    message: Message
    markup: Markup | None = None
    results: Results | None = None


def write_sheet(sheet: Sheet) -> bytes:
    """Return *sheet* as JSON; lone surrogates, which UTF-7 can make, are kept."""
    return json.dumps(asdict(sheet), ensure_ascii=False).encode("utf-8", "surrogatepass")


def rebuild_sheet(value: dict[str, Any]) -> Sheet:
    """
    Return the sheet that `write_sheet` wrote, from *value* as json.loads returned it.

    Raises:
        AttributeError, KeyError, RecursionError, TypeError, ValueError: for anything else.
    """
    markup, results = value["markup"], value["results"]
    return Sheet(
        rebuild(value["message"]),
        None if markup is None else _markup(markup),
        None if results is None else _results(results),
    )


def _markup(value: dict[str, Any]) -> Markup:
    counts = (int(value[name]) for name in ("remote", "embedded", "omitted"))
    # A browser would be given what UTF-8 has not.
    return Markup(str(value["html"]).encode("utf-8", "replace").decode(), *counts)


def _results(value: dict[str, Any]) -> Results:
    return Results(
        str(value["authserv_id"]),
        str(value["received_by"]),
        tuple(
            Result(
                str(each["method"]),
                str(each["result"]),
                str(each["reason"]),
                tuple((str(kind), str(name), str(text)) for kind, name, text in each["properties"]),
            )
            for each in value["results"]
        ),
    )
