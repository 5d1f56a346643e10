"""What it costs to find out who sent a message of 5 KB: all in all, and its parts; DNS is known."""

import sys
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from cpu import measure
from twisted.internet.defer import Deferred

from bench.letter import HEADER, SENDER, examine, house, signed
from gomail.checks.authors import authors
from gomail.checks.forged import forged
from gomail.checks.header import Header
from gomail.checks.iprev import check_iprev
from gomail.checks.spf import SPF

LINE = b"These are words of a letter, and there are about as many in each line.\n"
BODY = LINE * (5000 // len(LINE))
PLAIN = HEADER + b"\n" + BODY
ONE = signed(BODY) + b"\n" + BODY
FOUR = signed(BODY, count=4) + b"\n" + BODY
HOUSE = house(ONE)
BLOCK = ONE.partition(b"\n\n")[0] + b"\n"

assert b"dmarc=pass" in examine(HOUSE, ONE)


def run(coroutine):
    """Run what waits for nobody."""
    Deferred.fromCoroutine(coroutine())


if __name__ == "__main__":
    panel = HOUSE.panel
    resolver = panel.resolver_of("192.0.2.1")
    spf = SPF(resolver, panel.clock, panel.receiver)
    measure(
        {
            "one signature": partial(examine, HOUSE, ONE),
            "four signatures": partial(examine, HOUSE, FOUR),
            "no signature": partial(examine, HOUSE, PLAIN),
            "SPF of MAIL FROM": lambda: run(
                lambda: spf.mail("192.0.2.1", "mail.example.org", SENDER)
            ),
            "iprev": lambda: run(lambda: check_iprev("192.0.2.1", resolver)),
            "header and author": lambda: authors(Header(BLOCK)),
            "forged results": lambda: forged(BLOCK, "mx.bench.example"),
        }
    )
