"""Addresses and hosts that say something."""

import pytest

from gomail.domain.networks import is_private, is_proxied, is_shared, provider
from gomail.domain.roots import ROOTS


def test_kinds_of_addresses_are_told_apart() -> None:
    """A public one is none of them."""
    for ip in (
        "10.0.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "fd00::1",
        "fe80::1",
        "224.0.0.1",
        "0.0.0.0",
    ):
        assert is_private(ip), ip
    assert is_shared("100.64.0.1")
    assert is_shared("100.127.255.255")
    assert is_proxied("104.16.0.1")
    assert is_proxied("2606:4700::1111")
    for ip in ("5.9.1.1", "100.128.0.1", "2a01:4f8::1", "104.32.0.1"):
        assert not any(each(ip) for each in (is_private, is_shared, is_proxied)), ip


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("aspmx.l.google.com", "Google"),
        ("eforward1.registrar-servers.com", "Namecheap"),
        ("route1.mx.cloudflare.net", "Cloudflare's routing of mail"),
        ("mx.notgoogle.com", None),
        ("com", None),
    ],
)
def test_providers_are_known_by_whole_labels(host: str, name: str | None) -> None:
    """Whoever has a name that ends alike is somebody else."""
    assert provider(host) == name


def test_root_has_thirteen_servers() -> None:
    """Each with an address of both kinds."""
    assert len(ROOTS) == 26
    assert len({each.name for each in ROOTS}) == 13
    assert sum(":" in each.ip for each in ROOTS) == 13
