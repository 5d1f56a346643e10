"""A signed message, an examiner that has all of DNS in its cache, and the question to it."""

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from bench import signing
from bench.signing import key_record
from gomail.address import Address, Path
from gomail.checks.dns.resolver import StubResolver
from gomail.checks.dns.zone import Zone
from gomail.checks.examiner import Examiner
from gomail.checks.panel import Panel
from gomail.checks.policy import Policy
from gomail.envelope import Client, Envelope

NAME = "mx.bench.example"
NOW = 1_795_842_000
IP = "192.0.2.1"
SENDER = Path(Address("joe", "example.org"))
ZONE = f"""
$ORIGIN example.org.
@               TXT "v=spf1 include:_spf.example.net ip4:198.51.100.0/24 -all"
mail            A {IP}
                TXT "v=spf1 a -all"
_dmarc          TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.org"
sel._domainkey  TXT {key_record()}
_spf.example.net.         TXT "v=spf1 ip4:203.0.113.0/24 ip4:192.0.2.0/24 ~all"
1.2.0.192.in-addr.arpa.   PTR mail.example.org.
"""
HEADER = b"""\
From: Joe <joe@example.org>
To: Ann <ann@bench.example>
Subject: A letter of the usual kind
Date: Sat, 28 Nov 2026 05:00:00 +0000
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
"""


def signed(body: bytes, way: str = "relaxed/relaxed", count: int = 1) -> bytes:
    """Give the header block with *count* signatures of a message with this body."""
    return signing.signed(HEADER, body, "example.org", way, count)


class Keeping:
    """A zone, whose answers a cache is given."""

    def __init__(self, cache):
        self.zone = Zone(ZONE)
        self.cache = cache

    async def lookup(self, name: str, kind: str):
        """Answer, and have the answer kept."""
        records = await self.zone.lookup(name, kind)
        self.cache.put((name, kind), records._replace(seconds=3600))
        return records


def at_once(work: Callable, *arguments):
    """Run what a thread would run: its CPU is counted all the same."""
    return succeed(work(*arguments))


def house(message: bytes) -> Examiner:
    """Give an examiner whose resolver has all in its cache that this message asks for."""
    clock = Clock()
    resolver = StubResolver(clock, ["127.0.0.1"])
    keeping = Keeping(resolver._cache)  # noqa: SLF001 -- what it has kept
    panel = Panel(lambda _: keeping, clock, NAME, at_once, lambda: NOW)
    examiner = Examiner(panel, Policy(), NAME, ())
    examine(examiner, message)
    panel = Panel(resolver.share, clock, NAME, at_once, lambda: NOW)
    return Examiner(panel, Policy(), NAME, ())


def examine(examiner: Examiner, message: bytes) -> bytes:
    """Examine a message as the reception does; give the field that is told."""
    client = Client("bench", IP, 25, "mail.example.org", esmtp=True)
    examination = examiner.begin(client, SENDER)
    block, _, body = message.partition(b"\n\n")
    examination.header(block + b"\n")
    examination.body(body)
    told = []
    envelope = Envelope.__new__(Envelope, *([None] * len(Envelope._fields)))
    Deferred.fromCoroutine(examination.verdict(envelope)).addCallback(told.append)
    return told[0].told
