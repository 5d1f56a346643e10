"""A house that examines what comes, and messages to be examined."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed

from gomail.checks.dns.zone import Zone
from gomail.checks.examiner import Examiner
from gomail.checks.panel import Panel
from gomail.checks.policy import Action, Policy
from gomail.checks.records import Resolver
from tests.checks.signing import BODY, HEADER, NOW, ed25519, record, signed
from tests.faults.house import House

ZONE = Zone(f"""
$ORIGIN client.example.
@               TXT "v=spf1 ip4:192.0.2.1 -all"
$ORIGIN example.org.
_dmarc          TXT "v=DMARC1; p=reject"
sel._domainkey  TXT "{record(ed25519())}"
$ORIGIN example.net.
_dmarc          TXT "v=DMARC1; p=quarantine"
""")
SIGNED = signed(a="ed25519-sha256").replace(b"\n", b"\r\n")
SIGNATURE = SIGNED.partition(b"\tb=")[2][:8].decode()
UNSIGNED = (HEADER + b"\n" + BODY).replace(b"\n", b"\r\n")
FORGED = b"Authentication-Results: mx.here.example; dmarc=pass\r\n"
OTHERS = b"Authentication-Results: mx.example.org; spf=pass\r\n"


def examine(
    house: House,
    resolver: Resolver = ZONE,
    shadow: tuple[str, ...] = (),
    **actions: Action,
) -> None:
    """Have a house examine what comes, and do something else where a rule holds."""
    named = {name.replace("_", "-"): action for name, action in actions.items()}

    def at_once(work: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return succeed(work(*arguments))

    panel = Panel(lambda _: resolver, house.bench.clock, "mx.here.example", at_once, lambda: NOW)
    policy = Policy(named, shadow)
    house.office.examiner = Examiner(panel, policy, "mx.here.example", house.office.listeners)
