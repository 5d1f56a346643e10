"""Who asks, as proxies say it; and whom of them one believes."""

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.logger import capturedLogs, formatEvent

from gomail.inbox.web.exchange import Exchange
from gomail.inbox.web.proxies import Proxies, is_passed_on
from tests.inbox.web.doors import GET, Door

HERE = IPv4Address("TCP", "127.0.0.1", 4711)


def asked(fields: str = "", peer: object = HERE) -> Exchange:
    """Give a request as it comes from a peer."""
    door = Door()
    channel, wire = door.connect()
    channel._networkProducer, wire.peerAddr = wire, peer
    channel.dataReceived(GET + fields.encode("latin-1") + b"\r\n")
    return Exchange(door.asked[0])


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("198.51.100.7, 192.0.2.1", "192.0.2.1"),  # what stands before is the client's own
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("192.0.2.1, ", "127.0.0.1"),
        ("unknown", "127.0.0.1"),
        ("unix:", "127.0.0.1"),
        ("\xe4, \xff", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_proxy_that_is_believed_says_who_asks(said: str, client: str) -> None:
    """By the last address; where that is none, it is the proxy itself who asks."""
    assert Proxies(["127.0.0.1"]).client(asked(f"X-Forwarded-For: {said}\r\n")) == client


def test_last_of_several_fields_counts() -> None:
    """They are one list, in their order."""
    fields = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n"
    assert Proxies(["127.0.0.0/8"]).client(asked(fields)) == "192.0.2.2"


@pytest.mark.parametrize("believed", [[], ["unix"], ["192.0.2.0/24"], ["::/0"]])
def test_w6_nobody_else_is_believed(believed: list[str]) -> None:
    """Whoever could say who he is would have tries without end."""
    assert Proxies(believed).client(asked("X-Forwarded-For: 192.0.2.1\r\n")) == "127.0.0.1"


def test_proxy_may_come_by_a_unix_socket_or_ipv6() -> None:
    """If that is said."""
    fields = "X-Forwarded-For: 192.0.2.1\r\n"
    unix, six = UNIXAddress(None), IPv6Address("TCP", "::ffff:127.0.0.1", 4711)
    assert Proxies(["unix"]).client(asked(fields, unix)) == "192.0.2.1"
    assert Proxies(["127.0.0.1"]).client(asked(fields, unix)) == ""
    assert Proxies(["127.0.0.1"]).client(asked(fields, six)) == "192.0.2.1"


@pytest.mark.parametrize(
    ("believed", "fields", "line"),
    [
        ([], "X-Forwarded-For: x\r\n", "127.0.0.1 says for whom it asks, and is no --proxy"),
        (["127.0.0.1"], "", "the proxy 127.0.0.1 says in no X-Forwarded-For for whom it asks"),
    ],
)
def test_what_is_to_be_mended_is_told_once(believed: list[str], fields: str, line: str) -> None:
    """Whoever asks can't fill the log with it."""
    proxies = Proxies(believed)
    with capturedLogs() as told:
        for _ in range(3):
            proxies.client(asked(fields))
    lines = [each for each in told if each["log_namespace"].startswith("gomail")]
    assert [formatEvent(each) for each in lines] == [line]


@pytest.mark.parametrize("name", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host"])
def test_what_is_passed_on_is_known_by_what_proxies_write(name: str) -> None:
    """Any of it is enough."""
    assert is_passed_on(asked(f"{name}: x\r\n"))
    assert not is_passed_on(asked())
