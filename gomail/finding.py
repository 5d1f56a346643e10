"""
What a check has seen: a result, its evidence, and a reason. It decides nothing; the policy does.

Methods, results and properties have the names of RFC 8601, so that a finding is a part of an
Authentication-Results field as it stands.
"""

from typing import NamedTuple

TEMPERROR = "temperror"  # it could not be found out now: never a pass, and never mail lost
PERMERROR = "permerror"
PASS = "pass"  # noqa: S105 -- a result
FAIL = "fail"
SOFTFAIL = "softfail"
NEUTRAL = "neutral"
NONE = "none"
POLICY = "policy"


class Property(NamedTuple):
    """
    One thing that a result rests on (RFC 8601 §2.3).

    Attributes:
        type: ``smtp``, ``header``, ``body`` or ``policy``.
        name: ``mailfrom``, ``d``, ``from`` ….
        value: as it was seen; whoever writes it down quotes it.
    """

    type: str
    name: str
    value: str


class Finding(NamedTuple):
    """
    What one method found.

    Attributes:
        method: ``spf``, ``dkim``, ``arc``, ``dmarc`` or ``iprev`` (RFC 8601 §2.7), or one's own.
        result: one of those that the method has.
        properties: what it rests on.
        reason: why, in words of ours, of at most 100 characters; nothing that a peer has written.
    """

    method: str
    result: str
    properties: tuple[Property, ...] = ()
    reason: str = ""

    def plain(self) -> dict[str, object]:
        """Give it as JSON has it; a name of a property may stand there several times."""
        return {**self._asdict(), "properties": [each._asdict() for each in self.properties]}
