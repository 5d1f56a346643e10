"""Where milters listen, as people write it."""

import pytest
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
)

from gomail.milters.milter import endpoint_of
from gomail.milters.place import Place, read_place


@pytest.mark.parametrize(
    ("text", "place", "written"),
    [
        ("unix:/run/a.sock", Place("/run/a.sock"), "unix:/run/a.sock"),
        ("local:/run/a.sock", Place("/run/a.sock"), "unix:/run/a.sock"),
        ("tcp:127.0.0.1:8891", Place(host="127.0.0.1", port=8891), "tcp:127.0.0.1:8891"),
        ("inet:8891@localhost", Place(host="localhost", port=8891), "tcp:localhost:8891"),
        ("inet:localhost:8891", Place(host="localhost", port=8891), "tcp:localhost:8891"),
        ("inet6:8891@::1", Place(host="::1", port=8891), "tcp:[::1]:8891"),
        ("inet:[::1]:8891", Place(host="::1", port=8891), "tcp:[::1]:8891"),
    ],
)
def test_place_is_read(text: str, place: Place, written: str) -> None:
    """In the ways of Twisted, Postfix and Sendmail; and written in one."""
    assert read_place(text) == place
    assert str(place) == written
    assert read_place(written) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unix:",
        "unix:relative",
        "unix:/a\0b",
        "unix:/" + "x" * 107,
        "inet:8891",
        "inet:0@localhost",
        "inet:65536@localhost",
        "inet:8891@",
        "inet:8891@a b",
        "inet:8891@[a]",
        "ssl:localhost:1",
        "tcp:localhost:x",
    ],
)
def test_nonsense_is_no_place(text: str) -> None:
    """It is refused before anything starts."""
    with pytest.raises(ValueError, match=r"."):
        read_place(text)


def test_each_place_has_its_endpoint() -> None:
    """A socket, an address of either family, a name."""
    from twisted.internet import reactor  # Twisted 24's has no resolver for tests

    kinds = [
        type(endpoint_of(place, reactor))
        for place in (
            Place("/a"),
            Place(host="127.0.0.1", port=1),
            Place(host="::1", port=1),
            Place(host="localhost", port=1),
        )
    ]
    assert kinds == [UNIXClientEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint, HostnameEndpoint]
