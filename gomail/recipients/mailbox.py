"""
A mailbox, the name that it goes by, and the Maildir that is made of that name.

What may become a part of a path is decided here, once: names out of the configuration and its
tables, never octets of the wire. They are compared with ASCII letters folded and exactly otherwise,
so a name that looks like another, or that a file system might take for another, is no name.
"""

import re
import unicodedata
from typing import NamedTuple

from gomail.address import fold

LONGEST_NAME = 64  # octets: RFC 5321 §4.5.3.1.1

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9_-])?\Z")
_PLACEHOLDER = re.compile(r"(\{[^{}]*\})")
_MAILBOX, _DOMAIN = "{mailbox}", "{domain}"


class Mailbox(NamedTuple):
    """
    Where messages are kept.

    Attributes:
        name: ``alice@example.org``, for the log and events.
        maildir: the absolute path of its Maildir, made of configured names only.
    """

    name: str
    maildir: str


class Destination(NamedTuple):
    """
    One mailbox that a forward-path leads to.

    Attributes:
        mailbox: where the message is kept.
        address: for Delivered-To: what the mailbox goes by after aliases, sub-address included.
        aliased: whether that is another address than the forward-path's: X-Original-To is written.
        folder: the detail of a sub-address as it was written, or ""; looked up among the Maildir++
            folders that exist, never made into a path.
    """

    mailbox: Mailbox
    address: str
    aliased: bool
    folder: str = ""


def read_name(text: str) -> str:
    """
    Read the name of a mailbox, and give it in the form in which it is compared and becomes a path.

    A letter or digit comes first, then letters, digits, ``.``, ``_`` and ``-``. Letters beyond
    ASCII are allowed if they are small, composed, and no variant of others (NFKC): ``é``, but no
    ligature and no full-width letter.

    Raises:
        ValueError: with what a name is, as a sentence.
    """
    name = fold(text)
    if not name or len(name.encode("utf-8", "replace")) > LONGEST_NAME:
        msg = f"the name of a mailbox has 1 to {LONGEST_NAME} octets, which {_shown(text)} has not"
        raise ValueError(msg)
    if not _NAME.match(_in_ascii(name)) or ".." in name:
        msg = (
            f"{_shown(text)} can't name a mailbox: letters, digits, and between them '.', '_' "
            "or '-' were expected; an alias may be called so"
        )
        raise ValueError(msg)
    return name


def _in_ascii(name: str) -> str:
    """Write ``x`` for each letter and digit beyond ASCII that a name may have."""
    if name.isascii():
        return name
    if unicodedata.normalize("NFKC", name) != name or name.lower() != name:
        return ""
    marks = (unicodedata.category(sign).startswith("M") for sign in name)
    return "".join(
        # A mark belongs to the letter before it: many scripts write their vowels so.
        "_" if mark else ("x" if not sign.isascii() and sign.isalnum() else sign)
        for sign, mark in zip(name, marks, strict=True)
    )


def _shown(text: str) -> str:
    """Write a name so that it can't garble the line it is in."""
    shown = repr(text)
    return shown if len(shown) <= LONGEST_NAME + 2 else f"{shown[:LONGEST_NAME]}…"


class Template:
    """
    The path of a Maildir, in which ``{domain}`` and ``{mailbox}`` stand for names.

    Without them all mailboxes share one Maildir.

    Raises:
        ValueError: the path is not absolute, or has other placeholders, or two that nothing parts.
    """

    def __init__(self, text: str) -> None:
        """Check the parts once, for all the mailboxes."""
        parts = _PLACEHOLDER.split(text)
        literals, placeholders = parts[::2], parts[1::2]
        for placeholder in placeholders:
            if placeholder not in {_MAILBOX, _DOMAIN}:
                msg = f"{_MAILBOX} or {_DOMAIN} was expected, not {placeholder}"
                raise ValueError(msg)
        if any(sign in literal for literal in literals for sign in "{}\0"):
            msg = f"{{ and }} were expected in {_MAILBOX} and {_DOMAIN} alone"
            raise ValueError(msg)
        # "{domain}-{mailbox}" would give a-b and c the path of a and b-c.
        if not all({"/", "@"} & set(literal) for literal in literals[1:-1]):
            msg = f"'/' or '@' was expected between {' and '.join(placeholders)}"
            raise ValueError(msg)
        if not text.startswith("/"):
            msg = f"an absolute path was expected, not {_shown(text)}"
            raise ValueError(msg)
        self._text = text
        self.names_mailboxes = _MAILBOX in placeholders
        self.root = text if not placeholders else literals[0].rpartition("/")[0] or "/"

    def pieces(self, domain: str) -> tuple[str, ...]:
        """Give what stands round the names of *domain*: ``name.join(pieces)`` is a path."""
        return tuple(self._text.replace(_DOMAIN, domain).split(_MAILBOX))
