"""
Whether a clock tells which mailboxes there are: RCPT for one that is, and for one that isn't.

The replies differ, and have to: nothing is taken that can't be delivered. But nobody who does not
see them shall learn it from how long they take. The two take turns, and so does which of them comes
first; each session has few of them, with fresh budgets.
"""

import time

from bench.loads.client import MAIL, Client
from bench.measuring import percentile
from bench.peers.peer import DOMAIN, Setting
from bench.special.context import Context

PEERS = ("gomail",)
_ASKED = 10_000  # of each kind
_A_SESSION = 2  # unknown ones that cost a stranger nothing but their replies


def measure(context: Context, name: str) -> dict[str, float]:
    """Ask for both kinds, as a stranger."""
    count = 40 if context.quick else _ASKED
    known: list[float] = []
    unknown: list[float] = []
    with context.running(name, Setting(mailboxes=2, strangers=True)) as server:
        while len(unknown) < count:
            client = Client(server.port).greet()
            client.say(MAIL)
            for _ in range(_A_SESSION):
                _ask(client, known, unknown, known_first=len(unknown) % 2 == 0)
            client.leave()
    medians = percentile(known, 0.5) * 1000, percentile(unknown, 0.5) * 1000
    return {
        "asked": len(unknown),
        "known p50 ms": medians[0],
        "unknown p50 ms": medians[1],
        "apart ms": abs(medians[0] - medians[1]),
        "known p99 ms": percentile(known, 0.99) * 1000,
        "unknown p99 ms": percentile(unknown, 0.99) * 1000,
    }


def _ask(client: Client, known: list[float], unknown: list[float], *, known_first: bool) -> None:
    """Ask for one of each kind."""
    kinds = [("1inbox", b"2", known), ("9inbox", b"5", unknown)]
    for mailbox, digit, times in kinds if known_first else reversed(kinds):
        line = f"RCPT TO:<{mailbox}@{DOMAIN}>\r\n".encode("ascii")
        began = time.perf_counter()
        client.say(line, digit)
        times.append(time.perf_counter() - began)
