"""Where a resolver is, as a configuration says it."""

import pytest

from gomail.checks.servers import Server, read_server
from gomail.settings.judging import read_resolvers


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("127.0.0.1", Server("127.0.0.1", 53)),
        ("127.0.0.1:5353", Server("127.0.0.1", 5353)),
        ("::1", Server("::1", 53)),
        ("[2001:DB8::1]:5353", Server("2001:db8::1", 5353)),
        ("fe80::1%eth0", Server("fe80::1%eth0", 53)),
        ("[fe80::1%eth0]:5353", Server("fe80::1%eth0", 5353)),
    ],
)
def test_address_is_read_and_read_back(text: str, server: Server) -> None:
    """Workers have it from their parent as it was written down once more."""
    assert read_server(text) == server
    (written,) = read_resolvers([text])
    assert read_server(written) == server


@pytest.mark.parametrize(
    "text",
    ["", "dns.example", "127.0.0.1:0", "127.0.0.1:65536", "[::1]", "[::1%]:53", "[::1%a b]:53"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """With what was expected."""
    with pytest.raises(ValueError, match="was expected, not"):
        read_server(text)
