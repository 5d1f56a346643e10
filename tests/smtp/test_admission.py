"""Who may come in (E5)."""

import pytest

from gomail.envelope import Client
from gomail.limits import Limits
from gomail.reply import TOO_BUSY, TOO_MANY_FROM_ADDRESS, TOO_MANY_FROM_NETWORK
from gomail.smtp.admission import Admission, network_of


def client(address: str | None, *, trusted: bool = False) -> Client:
    """Make a client of an address."""
    return Client("5e55", address, 1, trusted=trusted)


def test_e5_all_sessions_are_bounded() -> None:
    """Beyond the limit everybody is turned away, trusted or not, until somebody goes."""
    admission = Admission(Limits(sessions=2))
    admission.enter(client("192.0.2.1"))
    admission.enter(client(None))
    for stranger in (client("198.51.100.1"), client(None), client("127.0.0.1", trusted=True)):
        assert admission.refusal(stranger) == TOO_BUSY
    admission.leave(client(None))
    assert admission.refusal(client("198.51.100.1")) is None


def test_e5_sessions_elsewhere_are_some_of_all() -> None:
    """Those of other processes; and they make the server busy, too."""
    admission = Admission(Limits(sessions=4))
    admission.enter(client(None))
    admission.count_elsewhere(3)
    assert admission.refusal(client("198.51.100.1")) == TOO_BUSY
    assert admission.gauge.share == 1
    admission.count_elsewhere(2)
    assert admission.refusal(client("198.51.100.1")) is None


def test_nobody_else_has_a_say() -> None:
    """Unless somebody shares the sessions."""
    admission = Admission(Limits())
    assert not admission.shared
    assert admission.permit(client("192.0.2.1")) is None


def test_e5_sessions_of_an_address_are_bounded() -> None:
    """One client can't take all; its neighbours may come."""
    admission = Admission(Limits(sessions_per_address=2))
    admission.enter(client("192.0.2.1"))
    assert admission.refusal(client("192.0.2.1")) is None
    admission.enter(client("192.0.2.1"))
    assert admission.refusal(client("192.0.2.1")) == TOO_MANY_FROM_ADDRESS
    assert admission.refusal(client("192.0.2.2")) is None
    admission.leave(client("192.0.2.1"))
    assert admission.refusal(client("192.0.2.1")) is None


@pytest.mark.parametrize(
    ("inside", "neighbour", "stranger"),
    [
        (["192.0.2.1", "192.0.2.2"], "192.0.2.3", "192.0.3.1"),
        (["2001:db8::1", "2001:db8::2"], "2001:db8::3", "2001:db8:0:1::1"),
    ],
)
def test_e5_sessions_of_a_network_are_bounded(
    inside: list[str], neighbour: str, stranger: str
) -> None:
    """A /24 or /64 is one neighbourhood: its owner has as many addresses as he likes."""
    admission = Admission(Limits(sessions_per_network=2))
    for address in inside:
        admission.enter(client(address))
    assert admission.refusal(client(neighbour)) == TOO_MANY_FROM_NETWORK
    assert admission.refusal(client(stranger)) is None


def test_trusted_clients_and_sockets_have_no_limits_of_their_own() -> None:
    """Our own machine may open as many sessions as there are."""
    admission = Admission(Limits(sessions_per_address=1, sessions_per_network=1))
    for _ in range(3):
        for each in (client("127.0.0.1", trusted=True), client(None)):
            assert admission.refusal(each) is None
            admission.enter(each)


def test_sessions_are_counted_with_how_many_there_may_be() -> None:
    """Trusted ones, too: they take a place like any other."""
    admission = Admission(Limits(sessions=7))
    admission.enter(client("192.0.2.1"))
    admission.enter(client("127.0.0.1", trusted=True))
    assert admission.sessions == (2, 7)
    admission.count_elsewhere(3)
    assert admission.sessions == (5, 7)


def test_nobody_leaves_a_trace() -> None:
    """A server that runs for years remembers only who is inside."""
    admission = Admission(Limits())
    for n in range(100):
        admission.enter(client(f"192.0.2.{n}"))
        admission.enter(client(f"2001:db8::{n}"))
    for n in range(100):
        admission.leave(client(f"192.0.2.{n}"))
        admission.leave(client(f"2001:db8::{n}"))
    assert not admission._addresses
    assert not admission._networks
    assert admission._all == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("::1", "0000:0000:0000:0000"),
        ("fe80::1", "fe80:0000:0000:0000"),
    ],
)
def test_networks(address: str, network: str) -> None:
    """What counts as one neighbourhood."""
    assert network_of(address) == network
