"""
Signed messages of 5 KB, a connection each; who has sent them is found out, or not.

It is a race, with a DNS server beside it, whose CPU is told apart from the server's. Where all is
examined, every stored message must bear that SPF, DKIM and DMARC have passed; what a server finds
out wrongly, or not at all, is no round.
"""

from dataclasses import dataclass
from functools import cache

from bench import letters, resolver
from bench.letters import Letter, letter
from bench.peers.peer import Setting
from bench.race import Failed, Loads, calibrate, warm_up
from bench.race import measure as measure_load
from bench.signing import signed
from bench.special.context import Context
from bench.workloads import Workload

PEERS = ("gomail-checks", "gomail", "postfix", "postfix-checks")
TITLE = "5 KB, signed, from strangers, a connection each, 20 sessions: who has sent it"


@cache
def signed_letter(name: str, size: int) -> Letter:
    """Sign a letter of about *size* octets."""
    content = letter(name, size).content
    header, _, body = content.partition(b"\n\n")
    return Letter(name, signed(header + b"\n", body, resolver.DOMAIN) + b"\n" + body)


@dataclass(frozen=True, slots=True)
class Signed(Workload):
    """A load whose letters are signed."""

    @property
    def letter(self) -> Letter:
        """Give what is sent."""
        return signed_letter(self.name, self.octets)


_LOAD = Signed("checked", TITLE, "source", 5000, 20, first=100)


def measure(context: Context, name: str) -> dict[str, float]:
    """Put one server under the load, and see what it has found out."""
    with (
        resolver.answering(context.scratch) as dns,
        context.running(name, Setting(strangers=True)) as server,
    ):
        loads = Loads(server)
        warm_up(loads, _LOAD)
        messages = calibrate(loads, _LOAD, 0.5 if context.quick else 5.0)
        before = dns.cpu()
        values = measure_load(loads, _LOAD, messages)
        asked = dns.cpu() - before
        loads.check()
        if server.peer.examines:
            wrong = letters.unexamined(server.stored(), _LOAD.letter)
            if wrong:
                raise Failed("; ".join(wrong[:3]))
        total = messages + values["probes"]
        return {**values, "resolver CPU s per 1000": asked / total * 1000}
