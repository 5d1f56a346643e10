"""
CPU microseconds of the dialogue alone, a message: in memory, into a delivery that keeps nothing.

One session brings small messages, each command and the content in a packet of its own ("in turn"),
or MAIL, RCPT and DATA in one packet as PIPELINING has it ("pipelined"), or with BDAT in one packet
altogether; "session" is a connection for each message, from its beginning to its end. With
--beside, another checkout of gomail takes its turns too, but for BDAT, which it may not have.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from content import NOTHING
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gomail.limits import Limits
from gomail.smtp.factory import SMTPFactory

HERE = Path(__file__).parent.parent
CONTENT = b"Subject: bench\r\n\r\n" + b"x" * 70 + b"\r\n"
MAIL, RCPT = b"MAIL FROM:<a@bench.example>\r\n", b"RCPT TO:<b@bench.example>\r\n"
IN_TURN = (MAIL, RCPT, b"DATA\r\n", CONTENT + b".\r\n")
PIPELINED = (MAIL + RCPT + b"DATA\r\n", CONTENT + b".\r\n")
CHUNKED = (MAIL + RCPT + b"BDAT %d LAST\r\n%s" % (len(CONTENT), CONTENT),)
WAYS = {"in turn": IN_TURN, "pipelined": PIPELINED, "BDAT": CHUNKED, "session": PIPELINED}


class Wire:
    """A transport that takes everything at once, and counts the replies that say yes."""

    disconnecting = False

    def __init__(self) -> None:
        self.replies = 0

    def writeSomeData(self, octets: bytes) -> int:
        self.replies += octets.count(b"250 ")
        return len(octets)

    write = writeSomeData

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.1", 25)

    getHost = getPeer

    def nothing(self, *_: object, **__: object) -> None:
        pass

    registerProducer = unregisterProducer = pauseProducing = resumeProducing = nothing
    loseConnection = abortConnection = nothing


def measure(way: str, messages: int) -> float:
    """Give the CPU microseconds a message."""
    space: dict = {}
    exec(NOTHING, space)
    clock = Clock()
    limits = Limits(messages=sys.maxsize)
    factory = SMTPFactory(space["Nothing"](), "bench.example", clock, limits=limits)

    def begin() -> tuple:
        session, wire = factory.buildProtocol(Wire().getPeer()), Wire()
        session.makeConnection(wire)
        session.dataReceived(b"EHLO bench.example\r\n")
        return session, wire

    session, wire = begin()
    began = time.process_time()
    for _ in range(messages):
        for packet in WAYS[way]:
            session.dataReceived(packet)
            if clock.calls[0].getTime() <= clock.seconds():
                clock.advance(0)
        if way == "session":
            session.dataReceived(b"QUIT\r\n")
            session.connectionLost(Failure(ConnectionDone()))
            session, wire = begin()
    seconds = time.process_time() - began
    if way != "session" and wire.replies < 3 * messages:
        raise RuntimeError("messages were not taken")
    return seconds / messages * 1e6


def measured(checkout: Path, way: str, messages: int) -> float:
    """Have it measured with the gomail of a *checkout*, by a process of its own."""
    command = [sys.executable, __file__, "--measure", way, "--messages", str(messages)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    return float(subprocess.check_output(command, env=environment, cwd=checkout))


def main() -> None:
    """Measure each way in turn with each checkout, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few messages, three rounds")
    parser.add_argument("--beside", type=Path, help="another checkout to be compared")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--messages", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(measure(options.measure, options.messages))
        return
    rounds, messages = (3, 1000) if options.quick else (11, 5000)
    checkouts = [HERE] + ([options.beside.resolve()] if options.beside else [])
    costs: dict[tuple[str, Path], list[float]] = {}
    for _ in range(rounds):
        for way in WAYS:
            for checkout in checkouts[: 1 if way == "BDAT" else 2]:
                cost = measured(checkout, way, messages)
                costs.setdefault((way, checkout), []).append(cost)
    print(f"{'CPU us':<12}{'here':>8}" + (f"{'there':>8}   here/there" if options.beside else ""))
    for way in WAYS:
        row = [statistics.median(costs[way, each]) for each in checkouts if (way, each) in costs]
        ratio = f"   {row[0] / row[1]:10.2f}" if row[1:] else ""
        print(f"{way:<12}" + "".join(f"{cost:8.1f}" for cost in row) + ratio)


if __name__ == "__main__":
    main()
