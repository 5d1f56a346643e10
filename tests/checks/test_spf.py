"""Whether a domain lets a client send: the whole of openspf.org's suite, and what can go wrong."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gomail.address import NULL_PATH, Address, Path
from gomail.checks.records import Outcome, Records, Resolver
from gomail.checks.spf import SPF
from gomail.finding import Finding, Property
from tests.checks.openspf import Case, cases
from tests.checks.waiting import Counting, now

SUITE = list(cases())


def spf(resolver: Resolver) -> SPF:
    """Make a check of ours."""
    return SPF(resolver, Clock(), "mx.example.net")


def path(text: str) -> Path:
    """Read a reverse-path as the suite writes it."""
    return Path(Address(*text.rsplit("@", 1))) if text else NULL_PATH


def mail(zone: str, mailfrom: str, ip: str = "192.0.2.1", helo: str = "mx.example.org") -> Finding:
    """Check MAIL FROM."""
    return now(spf(Counting(zone)).mail(ip, helo, path(mailfrom)))


def test_suite_is_whole() -> None:
    """None of its cases is lost on the way."""
    assert len(SUITE) == 203


@pytest.mark.parametrize("case", SUITE, ids=[case.name for case in SUITE])
def test_openspf_suite(case: Case) -> None:
    """What openspf.org says is what we say."""
    found = mail(case.zone, case.mailfrom, case.host, case.helo)
    assert found.result in case.results


POLICY = 'example.org. TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"\n'


@pytest.mark.parametrize(
    ("ip", "result"),
    [
        ("192.0.2.1", "pass"),
        ("::ffff:192.0.2.1", "pass"),
        ("2001:db8::1%eth0", "pass"),
        ("198.51.100.1", "fail"),
        ("::1", "fail"),
    ],
)
def test_addresses(ip: str, result: str) -> None:
    """IPv4 addresses are that by an IPv6 socket, too."""
    properties = (Property("smtp", "mailfrom", "example.org"),)
    assert mail(POLICY, "a@example.org", ip) == Finding("spf", result, properties)


@pytest.mark.parametrize("domain", ["EXAMPLE.org", "example.org.", "example.org"])
def test_domain_is_normalised(domain: str) -> None:
    """Letters' case and a dot at the end make no difference, and are not repeated."""
    found = mail(POLICY, f"a@{domain}")
    assert found == Finding("spf", "pass", (Property("smtp", "mailfrom", "example.org"),))


def test_u_labels_are_a_labels() -> None:
    """The policy of an internationalised domain is found (RFC 8616 §4)."""
    zone = 'xn--mnchen-3ya.example. TXT "v=spf1 +all"\n'
    found = mail(zone, "a@M\u00fcnchen.example")
    assert found == Finding(
        "spf", "pass", (Property("smtp", "mailfrom", "xn--mnchen-3ya.example"),)
    )


def test_p5_local_part_is_not_repeated() -> None:
    """What could pass for another result in a header field stays out of the finding."""
    found = mail(POLICY, "x; dkim=pass header.d=paypal.com@example.org")
    assert found.properties == (Property("smtp", "mailfrom", "example.org"),)


def test_bounce_is_of_who_says_helo() -> None:
    """Without a reverse-path it is HELO's postmaster who sends (RFC 7208 §2.4)."""
    zone = (
        'mx.example.org. TXT "v=spf1 exists:%{l}.%{d2} -all"\npostmaster.example.org. A 127.0.0.2\n'
    )
    found = mail(zone, "")
    assert found == Finding("spf", "pass", (Property("smtp", "mailfrom", "mx.example.org"),))


def test_helo_is_an_identity_of_its_own() -> None:
    """Its result stands beside that of MAIL FROM."""
    zone = 'mx.example.org. TXT "v=spf1 a -all"\nmx.example.org. A 192.0.2.1\n'
    check = spf(Counting(zone))
    properties = (Property("smtp", "helo", "mx.example.org"),)
    assert now(check.helo("192.0.2.1", "mx.example.org")) == Finding("spf", "pass", properties)
    assert now(check.helo("192.0.2.2", "MX.example.org.")) == Finding("spf", "fail", properties)


@pytest.mark.parametrize("name", ["[192.0.2.1]", "[IPv6:2001:db8::1]", "xn--\u00fc", ""])
def test_what_is_no_domain_has_no_policy(name: str) -> None:
    """Nobody is asked about an address literal, in HELO and in MAIL FROM."""
    resolver = Counting("")
    for found in (
        now(spf(resolver).helo("192.0.2.1", name)),
        now(spf(resolver).mail("192.0.2.1", name, NULL_PATH)),
        now(spf(resolver).mail("192.0.2.1", "x", Path(Address("a", name)))),
    ):
        assert (found.result, found.properties[0].value) == ("none", name)
    assert resolver.asked == []


def test_helo_that_is_no_domain_does_not_matter_to_mail_from() -> None:
    """Half of the world's printers say their address."""
    assert mail(POLICY, "a@example.org", helo="[192.0.2.1]").result == "pass"


HOSTILE = {
    "eleven terms": ("v=spf1 " + " ".join(f"a:a{n}.example.org" for n in range(11)), "permerror"),
    "three void lookups": ("v=spf1 a:v1.org a:v2.org a:v3.org ?all", "permerror"),
    "includes itself": ("v=spf1 include:example.org", "permerror"),
    "redirects to itself": ("v=spf1 redirect=example.org", "permerror"),
    "a name too long": ("v=spf1 exists:%{l}%{l}%{l}.%{l}.example.org ?all", "neutral"),
    "beyond ASCII": ("v=spf1 a:\\252.example.org -all", "permerror"),
    "a NUL": ("v=spf1 \\000 -all", "permerror"),
    "DNS fails": ("v=spf1 a:slow.example.org -all", "temperror"),
    "an included policy fails": ("v=spf1 include:slow.example.org -all", "temperror"),
    "includes nobody's": ("v=spf1 include:nobody.example.org -all", "permerror"),
    "eleven mail exchangers": ("v=spf1 mx:many.example.org -all", "permerror"),
    "a hundred questions": (
        "v=spf1 " + " ".join(f"mx:ten{n}.example.org" for n in range(10)),
        "permerror",
    ),
}


@pytest.mark.parametrize("policy", HOSTILE)
def test_p5_hostile_policy(policy: str) -> None:
    """It ends soon, with an error and few questions, and none of its words is repeated."""
    text, result = HOSTILE[policy]
    strings = " ".join(f'"{text[n : n + 200]}"' for n in range(0, len(text), 200))
    zone = [
        f"example.org. TXT {strings}",
        "*.example.org. A 198.51.100.1",
        "$FAIL slow.example.org",
    ]
    zone += [f"many.example.org. MX 1 m{n}.example.org." for n in range(11)]
    zone += [f"ten{t}.example.org. MX 1 m{t}{n}.example.org." for t in range(10) for n in range(10)]
    resolver = Counting("\n".join(zone))
    found = now(spf(resolver).mail("192.0.2.1", "mx.org", Path(Address("l" * 60, "example.org"))))
    assert found.result == result
    assert len(resolver.asked) <= 40
    assert bool(found.reason) is (result != "neutral")
    assert "example" not in found.reason


def test_p5_explanation_goes_nowhere() -> None:
    """A domain's own words about a fail are not repeated."""
    zone = 'example.org. TXT "v=spf1 exp=why.example.org -all"\nwhy.example.org. TXT "evil"\n'
    assert "evil" not in str(mail(zone, "a@example.org"))


def test_p5_dns_that_fails_is_temporary() -> None:
    """No policy was seen, so nothing is said of it."""
    found = mail("$FAIL example.org", "a@example.org")
    assert (found.result, found.reason) == ("temperror", "DNS does not tell the domain's policy")


class Silent:
    """
    DNS that does not answer, or not yet.

    Attributes:
        waiting: the questions.
    """

    def __init__(self) -> None:
        self.waiting: list[Deferred[Records]] = []

    def lookup(self, name: str, kind: str) -> Deferred[Records]:
        """Do not answer."""
        self.waiting.append(Deferred())
        return self.waiting[-1]


def test_p5_time_is_limited() -> None:
    """After ten seconds it is temperror, and the question under way is ended."""
    clock, resolver = Clock(), Silent()
    done: list[Finding] = []
    check = SPF(resolver, clock, "mx.example.net")
    Deferred.fromCoroutine(check.helo("192.0.2.1", "example.org")).addCallback(done.append)
    clock.advance(9)
    assert done == []
    clock.advance(2)
    assert done[0].result == "temperror"
    assert resolver.waiting[0].called


def test_checks_run_side_by_side() -> None:
    """One that waits does not hold up, or mix with, another."""
    resolver = Silent()
    done: list[Finding] = []
    check = spf(resolver)
    for ip in ("192.0.2.1", "198.51.100.1"):
        Deferred.fromCoroutine(check.helo(ip, "example.org")).addCallback(done.append)
    answer = Records(Outcome.FOUND, (b"v=spf1 ip4:192.0.2.1 -all",), 60)
    for waiting in reversed(resolver.waiting):
        waiting.callback(answer)
    assert [found.result for found in done] == ["fail", "pass"]
