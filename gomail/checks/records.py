"""What DNS says, and the one question that it is asked."""

from collections.abc import Awaitable
from enum import Enum
from typing import NamedTuple, Protocol


class Outcome(Enum):
    """What came of a question."""

    FOUND = "found"
    EMPTY = "empty"  # the name is there, without a record of this kind (NODATA)
    MISSING = "missing"  # there is no such name (NXDOMAIN)
    FAILED = "failed"  # no answer, or one that is no answer: SERVFAIL, a deadline, nonsense


class Records(NamedTuple):
    """
    An answer.

    Attributes:
        outcome: what came of the question.
        values: one a record, as octets. TXT: its strings joined (RFC 7208 §3.3); A and AAAA: the
            address as text; PTR: the name in lower case without a dot at the end; MX: preference,
            a space, and the name likewise.
        seconds: for which it holds.
        authenticated: whether the resolver has validated it (RFC 4035 §3.2.3, the AD bit).
    """

    outcome: Outcome
    values: tuple[bytes, ...] = ()
    seconds: int = 0
    authenticated: bool = False


class Resolver(Protocol):
    """Asks DNS."""

    def lookup(self, name: str, kind: str) -> Awaitable[Records]:
        """
        Ask for the records of a *kind*, "TXT" say, at a *name* (A-labels).

        It never raises: what could not be found out is FAILED. Answers may come at once.
        """
