"""
Addresses as values: what stands between the angle brackets of MAIL and RCPT.

An `Address` is text, already unquoted; a `Path` is an address or nothing (the null reverse-path).
Reading them off the wire is the work of `gomail.smtp.grammar`; looking mailboxes up by them that of
`gomail.recipients`. Comparing folds ASCII letters only and turns U-labels into A-labels, so that
two addresses that differ for their owners never meet in one mailbox.
"""

import re
import string
from functools import lru_cache
from typing import NamedTuple

import idna

_DOT_STRING = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*\Z")
_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def fold(text: str) -> str:
    """Lower ASCII letters and nothing else: ``K`` (Kelvin) is no ``k``, ``ß`` is no ``ss``."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def comparable_domain(domain: str) -> str:
    """
    Give the form in which domains are compared: A-labels, lower case, no trailing dot.

    Raises:
        ValueError: the domain is no valid internationalised name (RFC 5891 §4).
    """
    folded = fold(domain.removesuffix("."))
    if folded.isascii():
        return folded
    return idna.encode("".join(map(_small, folded))).decode("ascii")


def _small(sign: str) -> str:
    """Give the small letter of a capital one beyond ASCII, where that is beyond ASCII, too."""
    small = sign.lower()
    return sign if small[0].isascii() or len(small) > 1 else small


class Address(NamedTuple):
    """
    A local-part, unquoted, and the domain as it was written (RFC 5321 §4.1.2).

    The domain is empty for ``<postmaster>`` alone (RFC 5321 §4.5.1); an address literal keeps its
    square brackets.
    """

    local_part: str
    domain: str

    def __str__(self) -> str:
        """Write the address as on the wire, the local-part quoted where it must be."""
        return _written(self)

    @property
    def comparable(self) -> tuple[str, str]:
        """Local-part and domain in the form in which this house compares them."""
        return fold(self.local_part), comparable_domain(self.domain)


class Path(NamedTuple):
    """A reverse-path or forward-path; without an address it is the null reverse-path ``<>``."""

    address: Address | None = None

    def __str__(self) -> str:
        """Write the path in its angle brackets."""
        return "<>" if self.address is None else f"<{self.address!s}>"


@lru_cache(maxsize=256)  # trace fields and log write the same ones, many times a message
def _written(address: Address) -> str:
    """Write an address, its local-part as it is where it can be, else in quotes."""
    local_part, domain = address
    if not _DOT_STRING.match(local_part):
        local_part = '"' + re.sub(r'([\\"])', r"\\\1", local_part) + '"'
    return f"{local_part}@{domain}" if domain else local_part


NULL_PATH = Path()
