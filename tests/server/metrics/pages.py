"""What is told on the page of metrics, and how Prometheus reads it."""

from dataclasses import replace

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from gomail.health import WELL, Share
from gomail.reply import NO_SUCH_MAILBOX, TOO_BUSY
from gomail.server.control.tally import written
from gomail.server.metrics.families import page
from gomail.server.metrics.ledger import Ledger
from gomail.server.metrics.snapshot import Process, RefusalName, Snapshot
from tests.server.events import CHECKED, ENDED, REFUSED, STORED

KNOWN = {
    written(NO_SUCH_MAILBOX.octets): RefusalName("no-such-mailbox", "permanent"),
    written(TOO_BUSY.octets): RefusalName("too-busy", "temporary"),
}
GAUGES = {
    "lag": 0.25,
    "free": 5000,
    "reserve": 1000,
    "descriptors": (7, 100),
    "open": {"tcp:25": 2},
    "certificates": [2000.0, 3000.0],
}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def snapshot(*, workers: int = 1, **changes: object) -> Snapshot:
    """Give what is known of a server that has done a little."""
    ledger = Ledger()
    for event in (STORED, STORED, CHECKED, REFUSED, ENDED):
        ledger(event)
    ledger.batch(0.5)
    figures = {**ledger.figures(), "connections": {("tcp:25",): 5}}
    seen = Snapshot(
        {**ledger.plain(), "figures": figures},
        [{**GAUGES, "free": 5000 - number} for number in range(workers)],
        WELL,
        Share(2 * workers, 100),
        Share(workers, 2),
        3,
        [Process("server", "", 4096, 1.5, Share(7, 100)), Process("agent", "", 512, 0.5)],
        1000.0,
        KNOWN,
        ("tcp:25", "unix:/run/mx"),
    )
    return replace(seen, **changes)  # type: ignore[arg-type]  # fields of it


def samples(seen: Snapshot, accept: bytes = b"") -> Samples:
    """Read the page."""
    answer = page(lambda: seen, lambda: 0.0)(accept)
    read = read_openmetrics if accept else read_text
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in read(answer.body.decode())
        for each in family.samples
    }
