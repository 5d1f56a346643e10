"""
Whether others can connect from outside: proven, refuted here, or unknown.

It is proven by a session from a public address alone. This machine never dials itself through the
outside: what that would tell depends on its router, and not on what strangers see.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gomail.doctor.finding import Finding, Severity, Told
from gomail.doctor.firewall import Firewall
from gomail.machine.reach import Kind, Reach


class Verdict(Enum):
    """What can be said of it."""

    PROVEN = "proven"
    REFUTED = "refuted here"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Witness:
    """
    The last session from a public address.

    Attributes:
        when: it began.
        address: of the client.
    """

    when: datetime
    address: str


@dataclass(frozen=True, slots=True)
class Reachability:
    """
    What is known of it.

    Attributes:
        verdict: in a word.
        reasons: why, a line each.
        hints: where to look, if it is unknown.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    hints: tuple[str, ...] = ()

    def plain(self) -> dict[str, object]:
        """Give it as JSON has it."""
        return {
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "hints": list(self.hints),
        }


def judge(
    listens: Mapping[int, bool],
    firewalls: Sequence[Firewall],
    here: Reach | None,
    witness: Witness | None,
    hints: tuple[str, ...],
) -> Reachability:
    """
    Tell whether others can connect.

    Args:
        listens: whether the server does so at addresses of others, by version of IP.
        firewalls: what the local one does.
        here: the machine's addresses; None where they are not known.
        witness: a session from outside.
        hints: where to look beyond this machine.
    """
    if witness is not None:
        told = f"{witness.address} came at {witness.when:%Y-%m-%d %H:%M:%S} UTC"
        return Reachability(Verdict.PROVEN, (told,))
    closed = {each.family for each in firewalls if each.closed}
    reasons = {family: _why_not(family, listens, closed, here) for family in (4, 6)}
    if all(reasons.values()):
        return Reachability(Verdict.REFUTED, tuple(filter(None, reasons.values())))
    told = "nobody from outside has been seen yet, and nothing on this machine keeps them out"
    others = tuple(f"IPv{family}: {why}" for family, why in reasons.items() if why)
    return Reachability(Verdict.UNKNOWN, (told, *others), hints)


def _why_not(
    family: int, listens: Mapping[int, bool], closed: set[int], here: Reach | None
) -> str | None:
    """Give why nobody can connect by a version of IP; None where somebody may."""
    if here is not None and family == 6 and not (here.ipv6 or here.maybe6):
        return "this machine has no public address of IPv6"
    if here is not None and family == 4 and here.kind is Kind.NONE:
        return "this machine has no address of IPv4"
    if here is not None and family == 4 and here.kind is Kind.SHARED:
        return "the provider shares its IPv4 addresses among customers (CGNAT)"
    if not listens.get(family, False):
        return f"the server does not listen for others by IPv{family}"
    if family in closed:
        return f"the local firewall is closed for IPv{family}"
    return None


def examine_addresses(here: Reach | None) -> Told:
    """Find that no one can have a way to this machine."""
    if here is None:
        return Told(unseen=("this machine's addresses: ip address",))
    return Told(tuple(_addressless(here)), (f"addresses: {_written(here)}",))


def _addressless(here: Reach) -> Iterator[Finding]:
    """Find it."""
    six = here.ipv6 or here.maybe6
    if six or here.kind in {Kind.PUBLIC, Kind.PRIVATE}:
        return
    shared = here.kind is Kind.SHARED
    yield Finding(
        "address-shared" if shared else "address-none",
        Severity.ERROR,
        "this machine has an address that others can connect to",
        (f"it has {_written(here)}",),
        "ask the provider for a public address of IPv4 or IPv6, or rent a small server that has one"
        if shared
        else "connect it to a network:",
        () if shared else ("ip address",),
    )


def _written(here: Reach) -> str:
    """Write a machine's addresses for people."""
    kinds = {Kind.PUBLIC: "public", Kind.SHARED: "shared (CGNAT)", Kind.PRIVATE: "private (NAT)"}
    four = f"{', '.join(here.ipv4)} ({kinds[here.kind]})" if here.ipv4 else "no IPv4"
    six = ", ".join((*here.ipv6, *here.maybe6))
    return f"{four}, {six or 'no public IPv6'}"
