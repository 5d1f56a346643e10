"""How this machine can be reached from elsewhere, as far as its addresses tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address, ip_network

from gomail.machine.netlink import Address

_SHARED = ip_network("100.64.0.0/10")  # RFC 6598
_PRIVATE = [
    ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
]
_GLOBAL = ip_network("2000::/3")


class Kind(Enum):
    """What IPv4 is like here."""

    PUBLIC = "public"
    SHARED = "cgnat"  # behind a provider's NAT, which passes nothing on
    PRIVATE = "nat"  # behind a router, which can be told to
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Reach:
    """
    How this machine can be reached.

    Attributes:
        kind: what IPv4 is like.
        ipv4: public addresses; without any, those of the kind that there is.
        ipv6: public addresses that stay.
        maybe6: public ones that stay as long as the network's prefix does.
    """

    kind: Kind
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    maybe6: tuple[str, ...] = ()

    @property
    def public(self) -> tuple[str, ...]:
        """The addresses that records can name."""
        return (*(self.ipv4 if self.kind is Kind.PUBLIC else ()), *self.ipv6)


def reach(found: Sequence[Address]) -> Reach:
    """Tell from a machine's addresses how it can be reached."""
    lasting = [each for each in found if not each.passing]
    four = [each.ip for each in lasting if ":" not in each.ip]
    six = [each for each in lasting if ":" in each.ip and _is_public(each.ip)]
    public = tuple(ip for ip in four if _is_public(ip))
    shared = tuple(ip for ip in four if ip_address(ip) in _SHARED)
    private = tuple(ip for ip in four if ip_address(ip).is_private and ip not in shared)
    private = tuple(ip for ip in private if not ip_address(ip).is_link_local)
    kind, ipv4 = next(
        (
            (kind, ips)
            for kind, ips in (
                (Kind.PUBLIC, public),
                (Kind.SHARED, shared),
                (Kind.PRIVATE, private),
            )
            if ips
        ),
        (Kind.NONE, ()),
    )
    return Reach(
        kind,
        ipv4,
        tuple(each.ip for each in six if each.stable),
        tuple(each.ip for each in six if not each.stable),
    )


def why_not_public(ip: str) -> str:
    """Say why nobody from elsewhere can reach an address; nothing where everybody can."""
    address = ip_address(ip)
    if _is_public(ip):
        return ""
    reasons = (
        (address.is_unspecified, "it stands for any address"),
        (address.is_loopback, "it is this machine's, for itself"),
        (address.is_link_local, "it is valid on one link alone"),
        (address.is_multicast, "it is a group's (multicast)"),
        (address in _SHARED, "a provider shares it among its customers (CGNAT, RFC 6598)"),
        (any(address in each for each in _PRIVATE), "it is private (RFC 1918, RFC 4193)"),
    )
    return next((why for holds, why in reasons if holds), "it is reserved, or for examples")


def _is_public(ip: str) -> bool:
    """Tell whether everybody can reach an address."""
    address = ip_address(ip)
    return address.is_global and not address.is_multicast and (":" not in ip or address in _GLOBAL)
