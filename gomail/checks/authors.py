"""
The domains of a message's authors, as its From field has them (RFC 5322 §3.6.2).

Who reads this field wrongly believes a forger: readers of mail differ in what they make of two From
fields, of half an address, or of an address within a name. So there are domains only where the
field is one, and an address-list by the grammar; and an address that stands where a name belongs
counts as one more.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gomail.checks.header import Header, behind_cr
from gomail.checks.names import domain_name

MOST_TOKENS = 2000  # of one From field

_SPECIAL = r"()<>\[\]:;@\\,\""
_TOKEN = re.compile(
    rf"(?P<space>[ \t\n]++)"
    rf'|(?P<quoted>"(?:[^"\\]|\\.)*+")'
    # RFC 2047 §5 (3): in a phrase it has no specials; commas are found in practice, and harmless.
    rf"|(?P<encoded>=\?[^?\s{_SPECIAL}]++\?[BbQq]\?(?:,|[^?\s{_SPECIAL}])*+\?=)"
    rf"|(?P<dotted>[^\s{_SPECIAL}]++)"
    rf"|(?P<special>[<>:;@,])",
    re.DOTALL,
)
_COMMENT = re.compile(r"[^()\\]++|\\.|[()]", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_WORDS = ("quoted", "encoded", "dotted")


class Authors(NamedTuple):
    """
    Whose message it says that it is.

    Attributes:
        domains: in A-labels, each once; none where that can't be told.
        reason: why there are none.
    """

    domains: tuple[str, ...]
    reason: str = ""


def authors(header: Header) -> Authors:
    """Read the From field."""
    fields = header.named("from")
    if header.cut:
        return Authors((), "too many header fields")
    if len(fields) != 1:
        return Authors((), "several From fields" if fields else "no From field")
    if any(each.name == "from" for field in header.fields for each in behind_cr(field)):
        return Authors((), "several From fields, one behind a bare CR")
    text = fields[0].value.decode("utf-8", "surrogateescape")
    try:
        domains = _AddressList(text).read()
    except ValueError as error:
        return Authors((), f"From {error}")
    if not domains:
        return Authors((), "From has an empty group, and nobody else")
    return Authors(tuple(dict.fromkeys(domains)))


class _AddressList:
    """Reads an address-list (RFC 5322 §3.4), groups among it (RFC 6854)."""

    def __init__(self, text: str) -> None:
        """Begin at its first token."""
        self._tokens = _tokens(text)
        self._domains: list[str] = []
        self._kind = self._text = self._word = ""
        self._next()

    def read(self) -> list[str]:
        """
        Give the domains, in their order.

        Raises:
            ValueError: it is no address-list.
        """
        self._address(group=False)
        while self._text == ",":
            self._next()
            self._address(group=False)
        if self._kind:
            raise ValueError("is no address-list")
        return self._domains

    def _next(self) -> None:
        self._kind, self._text = next(self._tokens, ("", ""))

    def _expect(self, text: str) -> None:
        if self._kind != "special" or self._text != text:
            raise ValueError("is no address-list")
        self._next()

    def _address(self, *, group: bool) -> None:
        """Read a mailbox, or a group unless this is in one; what may follow is seen by others."""
        words, plain = self._phrase(), 0
        while self._text == "@" and self._kind == "special":
            # An address: all there is, or what somebody has for a name.
            if self._word == "encoded":  # RFC 2047 §5: and some would decode it
                raise ValueError("has an encoded word in an address")
            self._domain()
            plain += 1
            if plain == 1 and words == 1 and self._text in {"", ",", ";"}:
                return
            words += self._phrase()
        if self._text == ":" and words and not plain and not group:
            self._group()
            return
        self._expect("<")
        if self._kind not in {"quoted", "dotted"}:
            raise ValueError("has no address within its brackets")
        self._next()
        self._domain()
        self._expect(">")

    def _phrase(self) -> int:
        """Pass over words; tell how many, and keep what kind the last one is."""
        words = 0
        while self._kind in _WORDS:
            words += 1
            self._word = self._kind
            self._next()
        return words

    def _domain(self) -> None:
        """Read what begins with an at sign."""
        self._expect("@")
        name = domain_name(self._text) if self._kind == "dotted" else None
        if name is None:
            raise ValueError("has an address without a domain name")
        self._domains.append(name)
        self._next()

    def _group(self) -> None:
        """Read the rest of a group, from its colon to its semicolon."""
        self._expect(":")
        if self._text != ";":
            self._address(group=True)
            while self._text == ",":
                self._next()
                self._address(group=True)
        self._expect(";")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Give the kind and the text of each token; spaces and comments are none."""
    if _CONTROL.search(text):  # a bare CR is a line end to some readers, and NUL an end to others
        raise ValueError("has control characters")
    at = count = 0
    while at < len(text):
        count += 1
        if count > MOST_TOKENS:
            raise ValueError("is too long")
        if text[at] == "(":
            at = _behind_comment(text, at)
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("is no address-list")
        at = match.end()
        if match.lastgroup != "space":
            yield str(match.lastgroup), match[0]


def _behind_comment(text: str, at: int) -> int:
    """Give where a comment ends, and those within it."""
    depth = 0
    while match := _COMMENT.match(text, at):
        at = match.end()
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return at
    raise ValueError("has a comment without an end")
