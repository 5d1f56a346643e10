"""The name of a client's address, and whether it leads back (RFC 8601 §3)."""

import pytest

from gomail.checks.iprev import check_iprev
from gomail.finding import Finding, Property
from tests.checks.waiting import Counting, now

ZONE = """
1.2.0.192.in-addr.arpa. PTR mx.example.org.
mx.example.org. A 192.0.2.9
mx.example.org. A 192.0.2.1
mx.example.org. AAAA 2001:db8::1
2.2.0.192.in-addr.arpa. PTR other.example.org.
2.2.0.192.in-addr.arpa. PTR mx2.example.org.
mx2.example.org. A 192.0.2.2
other.example.org. A 192.0.2.1
3.2.0.192.in-addr.arpa. PTR mx.example.org.
4.2.0.192.in-addr.arpa. PTR nowhere.example.org.
5.2.0.192.in-addr.arpa. TXT "no name"
$FAIL 6.2.0.192.in-addr.arpa
7.2.0.192.in-addr.arpa. PTR slow.example.org.
7.2.0.192.in-addr.arpa. PTR other.example.org.
8.2.0.192.in-addr.arpa. PTR slow.example.org.
8.2.0.192.in-addr.arpa. PTR mx8.example.org.
$FAIL slow.example.org
mx8.example.org. A 192.0.2.8
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mx.example.org.
"""


@pytest.mark.parametrize(
    ("ip", "result"),
    [
        ("192.0.2.1", "pass"),
        ("::ffff:192.0.2.1", "pass"),
        ("2001:db8::1", "pass"),
        ("2001:db8:0:0::1%eth0", "pass"),
        ("192.0.2.2", "pass"),
        ("192.0.2.3", "fail"),
        ("192.0.2.4", "fail"),
        ("192.0.2.5", "permerror"),
        ("192.0.2.77", "permerror"),
        ("192.0.2.6", "temperror"),
        ("192.0.2.7", "temperror"),
        ("192.0.2.8", "pass"),
    ],
)
def test_result(ip: str, result: str) -> None:
    """It passes if any of its names leads back; DNS that fails is temporary."""
    found = now(check_iprev(ip, Counting(ZONE)))
    assert (found.method, found.result) == ("iprev", result)
    assert bool(found.reason) is (result != "pass")


def test_address_is_the_property() -> None:
    """An IPv4 address is written as one, also where it came by an IPv6 socket."""
    found = now(check_iprev("::ffff:192.0.2.1", Counting(ZONE)))
    assert found == Finding("iprev", "pass", (Property("policy", "iprev", "192.0.2.1"),))


def test_only_ten_names_are_looked_at() -> None:
    """An owner of an address with a hundred names does not have us ask for them."""
    names = "".join(f"1.2.0.192.in-addr.arpa. PTR x{n}.example.org.\n" for n in range(100))
    resolver = Counting(names)
    assert now(check_iprev("192.0.2.1", resolver)).result == "fail"
    assert len(resolver.asked) == 11
