"""How a machine can be reached, by the addresses that it has."""

import pytest

from gomail.machine.netlink import Address
from gomail.machine.reach import Kind, Reach, reach


def here(*ips: str) -> list[Address]:
    """Give addresses that somebody has set."""
    return [Address(ip, "eth0", stable=True) for ip in ips]


@pytest.mark.parametrize(
    ("ips", "kind", "told"),
    [
        (("10.0.0.5", "5.9.1.1"), Kind.PUBLIC, ("5.9.1.1",)),
        (("192.168.1.5",), Kind.PRIVATE, ("192.168.1.5",)),
        (("100.64.3.4",), Kind.SHARED, ("100.64.3.4",)),
        (("100.64.3.4", "172.17.0.1"), Kind.SHARED, ("100.64.3.4",)),
        (("169.254.1.1",), Kind.NONE, ()),
        ((), Kind.NONE, ()),
    ],
)
def test_kind_of_ipv4_is_told(ips: tuple[str, ...], kind: Kind, told: tuple[str, ...]) -> None:
    """The best that there is counts; an address that leads nowhere is none."""
    found = reach(here(*ips))
    assert (found.kind, found.ipv4) == (kind, told)
    assert found.public == (told if kind is Kind.PUBLIC else ())


def test_ipv6_has_to_stay() -> None:
    """One that is changed every day is for no record, and one of the router's is for its owner."""
    found = [
        *here("2a01:4f8::1", "fd00::1", "fe80::1"),
        Address("2a01:4f8::2", "eth0", stable=False),
        Address("2a01:4f8::3", "eth0", stable=False, passing=True),
        Address("2a01:4f8::4", "eth0", stable=True, passing=True),
    ]
    assert reach(found) == Reach(Kind.NONE, (), ("2a01:4f8::1",), ("2a01:4f8::2",))
    assert reach(found).public == ("2a01:4f8::1",)
