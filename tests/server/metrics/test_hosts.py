"""Names of the loopback, and names that lead there by somebody's DNS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.server.metrics.hosts import means_this_machine


@pytest.mark.parametrize(
    "host",
    [
        *(b"localhost", b"localhost:9025", b"LocalHost.:9025", b"localhost:"),
        *(b"127.0.0.1", b"127.0.0.1:9025", b"[::1]", b"[::1]:9025", b"192.0.2.1:9025"),
    ],
)
def test_localhost_and_addresses_are_answered(host: bytes) -> None:
    """Prometheus says in Host what it has for a target."""
    assert means_this_machine([host])


@pytest.mark.parametrize(
    "hosts",
    [
        *([b"evil.example"], [b"evil.example:9025"], [b"localhost.evil.example"], [b"127.0.0.1.x"]),
        *([b""], [b":9025"], [b"."], [b"2130706433"], [b"0x7f.1"], [b"[::1"], [b"[]"], [b"::1"]),
        *([b"localhost:9025x"], [b"localhost\n"], [b"a@localhost"], [b"localhost, evil.example"]),
        *([b"localhost", b"evil.example"], [b"localhost", b"localhost"], [b"\xff"]),
    ],
)
def test_other_names_are_not(hosts: list[bytes]) -> None:
    """Anybody's DNS can have them lead here; and two fields are nobody's."""
    assert not means_this_machine(hosts)


def test_no_field_is_no_browser() -> None:
    """HTTP/1.0, in which some load balancers ask, has none."""
    assert means_this_machine([])


@given(st.binary() | st.from_regex(rb"[\[\]0-9a-fx.:]{0,20}", fullmatch=True))
def test_w6_any_octets_are_told_apart(host: bytes) -> None:
    """Nothing raises, and no name that ends in a domain passes."""
    means_this_machine([host])
    assert not means_this_machine([host + b".example"])
