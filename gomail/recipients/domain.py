"""
One of our domains as its owner sets it, and what domains and local-parts may look like there.

All of it is text out of a configuration. `gomail.recipients.register` makes a directory of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gomail.address import Address, comparable_domain, fold

# RFC 1123 §2.1, and underscores, which are in use
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
# An alias never becomes a path: any Dot-string (RFC 5321 §4.1.2) and letters beyond ASCII will do.
_LOCAL_PART = re.compile(r"[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\\\]]+\Z")
_LONGEST_DOMAIN = 253  # RFC 1035 §2.3.4, without the dot at the end
_LONGEST_LOCAL_PART = 255  # what the dialogue reads
_SEPARATORS = "+-=_.#~"


@dataclass(frozen=True, slots=True)
class Domain:
    """
    The settings of one domain.

    Attributes:
        mailboxes: their names; or the path of a file with one name a line; or ``sqlite:`` and the
            path of a database (howto/domains.md has its tables); None if any local-part is taken,
            for one mailbox.
        catch_all: who gets what is for nobody else; None if nobody.
        subaddress_separator: what parts ``alice`` from ``lists`` in ``alice+lists``; "" if nothing
            does.
        aliases: local-parts of this domain, and the addresses that each stands for. A target
            without a domain is in this one.
    """

    mailboxes: tuple[str, ...] | str | None = None
    catch_all: str | None = None
    subaddress_separator: str = "+"
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_domain(text: str) -> str:
    """
    Read a domain or host name, and give it in the form in which domains are compared.

    Raises:
        ValueError: with what was expected, as a sentence.
    """
    try:
        domain = comparable_domain(text)
    except ValueError:
        domain = ""
    labels = domain.split(".")
    # A name that ends in digits would be an IP address (RFC 3696 §2).
    if len(domain) > _LONGEST_DOMAIN or not all(map(_LABEL.match, labels)) or labels[-1].isdigit():
        msg = f"a domain such as example.org was expected, not {text!r}"
        raise ValueError(msg)
    return domain


def read_local_part(text: str) -> str:
    """
    Read the local-part of an alias, and give it in the form in which local-parts are compared.

    Raises:
        ValueError: with what was expected, as a sentence.
    """
    if not _LOCAL_PART.match(text) or len(text.encode("utf-8", "replace")) > _LONGEST_LOCAL_PART:
        msg = f"the part of an address before '@' was expected, not {text!r}"
        raise ValueError(msg)
    return fold(text)


def read_target(text: str, domain: str) -> Address:
    """
    Read what an alias stands for: a local-part in *domain*, or an address.

    Raises:
        ValueError: with what was expected, as a sentence.
    """
    local_part, at, other = text.rpartition("@")
    if not at:
        return Address(read_local_part(text), domain)
    return Address(read_local_part(local_part), read_domain(other))


def read_separator(text: str) -> str:
    """
    Read what parts a mailbox's name from the detail of a sub-address; "" for nothing.

    Raises:
        ValueError: with what was expected, as a sentence.
    """
    if text and (len(text) > 1 or text not in _SEPARATORS):
        msg = f"one of {' '.join(_SEPARATORS)} or '' was expected, not {text!r}"
        raise ValueError(msg)
    return text
