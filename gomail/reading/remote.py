"""
How often HTML refers to what is not in the message; in the child process.

It is counted for the reader's sake, before everything of the kind is taken out (markup.py): images,
style sheets, fonts, frames, videos, prefetches, refreshes. A link that waits for a click is none.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from gomail.reading.hypertext import pass_over

_LINKS = frozenset({"a", "area", "base"})
_ATTRIBUTES_NAMES = """
    archive background classid code codebase data dynsrc href icon imagesrcset lowsrc manifest
    object poster src srcset xlink:href
"""
_ATTRIBUTES = frozenset(_ATTRIBUTES_NAMES.split())
_OWN = ("cid:", "data:", "#", "about:", "mailto:", "javascript:", "blob:")
_BLANKS = re.compile(r"[\x00-\x20]+")
# What a style sheet loads: url(…) of any kind, and @import with a plain string.
_LOADED = re.compile(
    r"(?:url|src|image|image-set)\s*\(\s*[\"']?([^\"')]{0,200})|@import\s*[\"']", re.IGNORECASE
)


def count_remote(markup: str) -> int:
    """
    Count the references of *markup*.

    Raises:
        AssertionError: html.parser raises it on some declarations.
    """
    counting = _Counting()
    pass_over(markup, counting)
    return counting.found


class _Counting(HTMLParser):
    """One pass over the markup; `found` grows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found = 0
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count what the attributes of an element refer to."""
        self._style = tag == "style"
        for name, value in attrs:
            if name == "style":
                self.found += _count_loaded(value or "")
            elif name in _ATTRIBUTES and tag not in _LINKS:
                self.found += _is_remote(value or "")
            elif tag == "meta" and name == "content":
                self.found += "url=" in _BLANKS.sub("", value or "").lower()

    def handle_endtag(self, tag: str) -> None:
        """End a style sheet."""
        self._style = self._style and tag != "style"

    def handle_data(self, data: str) -> None:
        """Count what a style sheet refers to."""
        if self._style:
            self.found += _count_loaded(data)


def _count_loaded(style: str) -> int:
    return sum(1 for each in _LOADED.finditer(style) if each[1] is None or _is_remote(each[1]))


def _is_remote(value: str) -> bool:
    plain = _BLANKS.sub("", value).lower()
    return bool(plain) and not plain.startswith(_OWN)
