"""A panel in a house of its own, with DNS out of a master file, or late."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from gomail.address import Address, Path
from gomail.checks.dns.zone import Zone
from gomail.checks.opinion import Opinion
from gomail.checks.panel import Examination, Panel
from gomail.checks.records import Records, Resolver
from tests.checks.signing import NOW, ed25519, record, signed

ZONE = Zone(f"""
$ORIGIN example.org.
@               TXT "v=spf1 ip4:192.0.2.1 -all"
mx              A 192.0.2.1
                TXT "v=spf1 a -all"
_dmarc          TXT "v=DMARC1; p=reject"
sel._domainkey  TXT "{record(ed25519())}"
$ORIGIN 2.0.192.in-addr.arpa.
1               PTR mx.example.org.
""")
SENDER = Path(Address("joe", "example.org"))
MESSAGE = signed(a="ed25519-sha256")


class Late:
    """DNS that answers when it is told to."""

    def __init__(self, zone: Resolver = ZONE) -> None:
        self._zone = zone
        self.waiting: dict[tuple[str, str], Deferred[Records]] = {}

    def lookup(self, name: str, kind: str) -> Deferred[Records]:
        """Wait."""
        return self.waiting.setdefault((name, kind), Deferred())


class House:
    """A panel, its clock, and what was run aside."""

    def __init__(self, resolver: Resolver, own: Sequence[Any] = ()) -> None:
        self.clock = Clock()
        self.aside: list[str] = []
        self.panel = Panel(
            lambda _: resolver, self.clock, "mx.example.net", self._aside, lambda: NOW, own=own
        )
        self.opinions: list[Opinion] = []

    def _aside(self, work: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        """Run it at once."""
        self.aside.append(work.__name__)
        return succeed(work(*arguments))

    def begin(self, ip: str = "192.0.2.1") -> Examination:
        """Begin to examine a message."""
        return self.panel.begin(ip, "mx.example.org", SENDER)

    def read(self, examination: Examination, message: bytes = MESSAGE) -> None:
        """Have the message come, and end."""
        block, _, body = message.partition(b"\n\n")
        examination.header(block + b"\n")
        for at in range(0, len(body), 7):
            examination.body(body[at : at + 7])
        Deferred.fromCoroutine(examination.opinion()).addCallback(self.opinions.append)

    def results(self) -> list[str]:
        """Give what was found of the one message."""
        [opinion] = self.opinions
        return [f"{finding.method}={finding.result}" for finding in opinion.findings]
