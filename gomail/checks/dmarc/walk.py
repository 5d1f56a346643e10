"""
The tree walk (RFC 9989 §4.10): from a domain upwards, to records and to its organizational domain.

A walk is at most eight questions however long the name is, and no name is asked about twice in a
message.
"""

from collections.abc import Iterator
from typing import NamedTuple

from gomail.checks.dmarc.record import Record, is_dmarc, read_record
from gomail.checks.records import Outcome, Resolver

_LONGEST_WALK = 8  # questions


class UnansweredError(Exception):
    """DNS did not tell what has to be known."""


class Found(NamedTuple):
    """A record, and the domain that it is of."""

    domain: str
    record: Record


class Walks:
    """
    The walks for one message.

    Args:
        resolver: asks DNS.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[str, Record | None] = {}

    async def record(self, domain: str) -> Record | None:
        """
        Give a domain's own record; several are none (RFC 9989 §4.10 steps 2 and 6).

        Raises:
            UnansweredError: DNS does not tell.
        """
        if domain not in self._known:
            answer = await self._resolver.lookup(f"_dmarc.{domain}", "TXT")
            if answer.outcome is Outcome.FAILED:
                raise UnansweredError
            records = [value for value in answer.values if is_dmarc(value)]
            self._known[domain] = read_record(records[0]) if len(records) == 1 else None
        return self._known[domain]

    async def found(self, domain: str) -> list[Found]:
        """
        Give the records from a domain upwards, the longest name first.

        Raises:
            UnansweredError: DNS does not tell one of them.
        """
        found = []
        for name in _upwards(domain):
            record = await self.record(name)
            if record is not None:
                found.append(Found(name, record))
                if record.psd != "u":
                    break
        return found

    async def organization(self, domain: str) -> str:
        """
        Give the organizational domain of a domain.

        Raises:
            UnansweredError: DNS does not tell one of the records that decide it.
        """
        return organization_among(domain, await self.found(domain))


def organization_among(domain: str, found: list[Found]) -> str:
    """Give the organizational domain of a domain by its walk's records (RFC 9989 §4.10.2)."""
    if not found:
        return domain
    top, record = found[-1]  # a walk ends at a psd tag
    if record.psd == "y" and top != domain:
        return ".".join(domain.split(".")[-len(top.split(".")) - 1 :])
    return top


def _upwards(domain: str) -> Iterator[str]:
    """Give the names of a walk; from one of eight labels and more it goes on at seven."""
    labels = domain.split(".")
    yield domain
    for count in range(min(len(labels), _LONGEST_WALK) - 1, 0, -1):
        yield ".".join(labels[-count:])
