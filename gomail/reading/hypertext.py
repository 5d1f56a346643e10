"""
HTML → text, for mail that has no plain alternative.

Knows a dozen elements: blocks begin lines, links show where they lead, what a browser does not
show (script, style, title, zero-width filling) is dropped. Nothing is fetched.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_PARAGRAPHS = frozenset(
    {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"}
)
_LINES = frozenset(
    {"address", "article", "aside", "center", "dd", "div", "dl", "dt", "figure", "footer", "form"}
    | {"header", "hr", "li", "main", "nav", "section", "tr"}
)
_DROPPED = frozenset({"script", "style", "title"})
_LINKS = ("http:", "https:", "mailto:", "ftp:", "tel:")

# Comments and marked sections, to their end or to that of the text, as browsers have it. They are
# taken out before: html.parser looks for the end of each anew, in quadratic time if there is none.
_UNSHOWN = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))|<!\[.*?(?:\]\s*>|\Z)", re.DOTALL)
# No comment begins in these: pages hide style sheets from very old browsers so, and from no other.
_HIDDEN = re.compile(r"(<(?:script|style|title)\b[^<>]*>\s*)<!--", re.IGNORECASE)

# Newsletters fill their previews with these; a browser shows nothing.
_FILLING = re.compile("[\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff]")


def read_hypertext(markup: str) -> str:
    """
    Return the text of *markup*.

    Raises:
        AssertionError: html.parser raises it on some declarations.
    """
    reading = _Reading()
    pass_over(markup, reading)
    lines = "".join(reading.pieces).split("\n")
    text = "\n".join(" ".join(line.split()) for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def pass_over(markup: str, parser: HTMLParser) -> None:
    """
    Have a parser read *markup*, but for its comments.

    Raises:
        AssertionError: html.parser raises it on some declarations.
    """
    shown = _UNSHOWN.sub("", _HIDDEN.sub(r"\1", markup))
    end = shown.rfind(">") + 1
    # What is behind the last tag can begin none: html.parser would look for its end.
    parser.feed(shown[:end] + shown[end:].replace("<", "&lt;"))
    parser.close()


class _Reading(HTMLParser):
    """One pass over the markup; `pieces` grows, its white space still to be folded."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._dropping = ""
        self._link = ""
        self._link_from = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, a list item or a link."""
        if tag in _DROPPED:
            self._dropping = tag
        elif tag == "br":
            self.pieces.append("\n")
        elif tag == "a":
            self._begin_link(dict(attrs).get("href") or "")
        elif tag == "img":
            alternative = dict(attrs).get("alt")
            self.pieces.append(f"[{alternative}]" if alternative else "")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")
        elif tag in _PARAGRAPHS | _LINES:
            self._break_line(tag)
            self.pieces.append({"li": "* ", "hr": "----\n"}.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        """End a line, a link or what is dropped."""
        if tag == self._dropping:
            self._dropping = ""
        elif tag == "a":
            self._end_link()
        elif tag in _PARAGRAPHS | _LINES:
            self._break_line(tag)

    def handle_data(self, data: str) -> None:
        """Keep text as a browser shows it."""
        if not self._dropping:
            self.pieces.append(_FILLING.sub("", " ".join(re.split(r"\s+", data))))

    def _break_line(self, tag: str) -> None:
        self.pieces.append("\n\n" if tag in _PARAGRAPHS else "\n")

    def _begin_link(self, target: str) -> None:
        self._link = target if target.lower().startswith(_LINKS) else ""
        self._link_from = len(self.pieces)

    def _end_link(self) -> None:
        """Show where the link leads, unless its text says so already."""
        if not self._link:
            return
        shown = "".join(self.pieces[self._link_from :]).strip()
        if self._link.removeprefix("mailto:") != shown:
            self.pieces.append(f" <{self._link}>")
        self._link = ""
