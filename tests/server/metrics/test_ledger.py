"""What is counted for monitoring; and that no client adds a label."""

import random
from dataclasses import replace

import pytest

from gomail.envelope import Client, Encryption
from gomail.events import Checked, Event, SessionEnded
from gomail.finding import Finding
from gomail.server.control.tally import Tally
from gomail.server.metrics.ledger import Ledger
from gomail.smtp.encryption import HANDSHAKE_FAILED, HANDSHAKE_LATE, HANDSHAKE_LEFT
from tests.server.events import CHECKED, CLIENT, ENDED, ENVELOPE, REFUSED, STORED

OUTLOOK = "mail-db8eur05.outbound.protection.outlook.com"
TLS = Encryption("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)


def counted(*events: Event) -> dict[str, dict[tuple[str, ...], float]]:
    """Give the tables of what is counted of *events*, without what is nought."""
    ledger = Ledger()
    for event in events:
        ledger(event)
    return {
        name: {labels: count for labels, count in table.items() if count}
        for name, table in ledger.figures().items()
        if isinstance(table, dict)
    }


def ended(client: Client, reason: str = "", claimed: str = "") -> SessionEnded:
    """Tell that a session has ended."""
    return SessionEnded(client, "", 0.1, 10, reason, claimed)


def test_it_counts_what_a_tally_counts() -> None:
    """Whatever is told by status is the same with metrics, and without."""
    ledger, tally = Ledger(), Tally()
    for event in (STORED, STORED, ENDED, REFUSED, CHECKED):
        ledger(event)
        tally(event)
    assert ledger.plain() == tally.plain()


@pytest.mark.parametrize(
    ("client", "reason", "claimed", "provider", "outcome"),
    [
        (replace(CLIENT, helo=OUTLOOK, encryption=TLS), "", OUTLOOK, "outlook", "ok"),
        (replace(CLIENT, helo="", encryption=TLS), "the client left", OUTLOOK, "outlook", "silent"),
        (replace(CLIENT, helo=OUTLOOK), f"{HANDSHAKE_LEFT}: lost", "", "outlook", "eof"),
        (replace(CLIENT, helo=OUTLOOK), f"{HANDSHAKE_FAILED}: alert", "", "outlook", "failed"),
        (replace(CLIENT, helo=OUTLOOK), HANDSHAKE_LATE, "", "outlook", "late"),
        (CLIENT, f"{HANDSHAKE_LEFT}: lost", "", "other", "eof"),
    ],
)
def test_handshakes_are_counted_by_whose_they_are(
    client: Client, reason: str, claimed: str, provider: str, outcome: str
) -> None:
    """Also that of a client which said its name before TLS, and nothing behind it."""
    found = counted(ended(client, reason, claimed))
    assert found["handshakes"] == {(provider, outcome): 1}
    assert found["versions"] == ({("TLSv1.3",): 1} if client.encryption else {})


def test_session_in_plaintext_has_no_handshake() -> None:
    """Whatever it ended by, while TLS was not begun."""
    found = counted(ENDED, ended(CLIENT, "the client left"), ended(CLIENT, "Timed out"))
    assert found == {"versions": {}, "handshakes": {}, "results": {}, "actions": {}}


def test_checks_are_counted_by_method_and_result() -> None:
    """Those of one's own, and results that nobody knows, under other."""
    own = (Finding("greylist", "fail"), Finding("spf", "sideways"))
    found = counted(CHECKED, Checked(ENVELOPE, own, "mark", ""))
    assert found["results"] == {
        ("spf", "pass"): 1,
        ("dmarc", "permerror"): 1,
        ("other", "fail"): 1,
        ("spf", "other"): 1,
    }
    assert found["actions"] == {("junk",): 1, ("mark",): 1}


def test_times_are_counted() -> None:
    """From the final dot to 250, and of batches."""
    ledger = Ledger()
    ledger(STORED)
    ledger.batch(0.5)
    ledger.batch(7)
    figures = ledger.figures()
    assert sum(map(float, figures["stored"])) == 1 + STORED.seconds  # type: ignore[arg-type]  # numbers
    assert sum(map(float, figures["batches"])) == 2 + 7.5  # type: ignore[arg-type]  # likewise


def test_e14_no_client_adds_a_label() -> None:
    """However it calls itself, and whatever the version of its TLS is called."""
    ledger = Ledger()
    before = {name: len(figure) for name, figure in ledger.figures().items()}
    random.seed(1)
    for _ in range(10_000):
        name = ".".join(random.choices(("outlook", "com", "net", "x\n", "é", '"', ""), k=3))
        tls = Encryption(random.choice(("TLSv1.3", name)), name, 1)
        ledger(ended(replace(CLIENT, helo=name, encryption=tls), name, name))
        ledger(ended(replace(CLIENT, helo=name), f"{HANDSHAKE_LEFT}: {name}", name))
    assert {name: len(figure) for name, figure in ledger.figures().items()} == before
