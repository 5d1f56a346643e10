"""
Whose word counts for a message that was passed on: ARC sealers whom the owner of the server trusts.

A chain that holds says who had the message in hand, and what the first of them found. That counts
only if every one of them is trusted, since each could have changed what it sealed (RFC 8617 §7.2).
"""

import re
from collections.abc import Collection

from gomail.checks.arc import Chain
from gomail.checks.header import Field
from gomail.checks.names import is_within

_IGNORED = re.compile(r'"(?:[^"\\]|\\.)*+"|\\.')
_COMMENT = re.compile(r"\([^()]*+\)")
_DMARC = re.compile(r"\s*dmarc\s*(?:/\s*\d+\s*)?=\s*(\w+)", re.IGNORECASE)
_DEEPEST = 10  # comments within comments


def vouches(chain: Chain, trusted: Collection[str]) -> bool:
    """
    Tell whether those who passed a message on vouch for its author.

    Args:
        chain: one that holds.
        trusted: domains of sealers, in A-labels; their sub-domains count.
    """
    sealers = [link.seal.domain for link in chain.links]
    if not all(any(is_within(sealer, each) for each in trusted) for sealer in sealers):
        return False
    return _has_passed(chain.links[0].fields[0])


def _has_passed(results: Field) -> bool:
    """Tell whether ARC-Authentication-Results say that DMARC passed, and nothing else of it."""
    text = _IGNORED.sub("", results.value.decode("utf-8", "replace"))
    for _ in range(_DEEPEST):
        text = _COMMENT.sub(" ", text)
    said = [match[1].lower() for part in text.split(";") if (match := _DMARC.match(part))]
    return bool(said) and set(said) == {"pass"}
