"""Domain names as messages and DNS write them, brought to the one form that is compared."""

import re

from gomail.address import comparable_domain

LONGEST = 253  # octets of a name (RFC 1035 §2.3.4, without the root's and the lengths' own)

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")


def domain_name(text: str) -> str | None:
    """
    Give a domain name in A-labels and lower case, or nothing where *text* is none.

    NUL, spaces, quotes and what else DNS could cut a name at are no part of one; neither is a dot
    at its end, since no grammar of mail has it there.
    """
    if len(text) > LONGEST:
        return None
    try:
        name = text.lower() if text.isascii() else comparable_domain(text)
    except ValueError:
        return None
    return name if len(name) <= LONGEST and _NAME.match(name) else None


def is_within(name: str, domain: str) -> bool:
    """Tell whether a name is *domain* or one below it; both are as `domain_name` gives them."""
    return name == domain or name.endswith(f".{domain}")
