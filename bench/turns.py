"""The longest turn of the reactor while one segment of 64 KiB is worked off, in milliseconds."""

import time

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from gomail.smtp.factory import SMTPFactory

SEGMENT = 65536
FLOODS = {
    "empty lines": b"\r\n",
    "NOOP": b"NOOP\r\n",
    "RSET": b"RSET\r\n",
    "HELP": b"HELP\r\n",
    "EHLO": b"EHLO flood.example\r\n",
    "MAIL, RSET": b"MAIL FROM:<a@flood.example>\r\nRSET\r\n",
    "MAIL, wrong": b'MAIL FROM:<"' + b"a" * 1900 + b"@flood.example>\r\n",
}


class Deliveries:
    """Deliveries that welcome everything."""

    def deliveryFor(self, client):
        return self

    def greeted(self, client):
        pass

    def validateFrom(self, client, path, parameters):
        pass

    def transactionEnded(self):
        pass


class Turns(Clock):
    """A clock that works off what is due one call at a time, as a reactor does it turn by turn."""

    def is_due(self) -> bool:
        """Tell whether something waits for the next turn."""
        return bool(self.calls) and self.calls[0].getTime() <= self.seconds()

    def turn(self) -> None:
        """Do the first thing that is due."""
        call = self.calls.pop(0)
        call.called = 1
        call.func(*call.args, **call.kw)


def longest_turn(flood: bytes, address: str) -> float:
    """Feed one segment, and every turn that follows from it; give the longest in seconds."""
    clock = Turns()
    factory = SMTPFactory(Deliveries(), "bench.example", clock)
    session = factory.buildProtocol(IPv4Address("TCP", address, 25))
    session.makeConnection(StringTransport())
    session.dataReceived(b"EHLO bench.example\r\n")
    segment = (flood * (SEGMENT // len(flood) + 1))[:SEGMENT]
    turns = []
    began = time.perf_counter()
    session.dataReceived(segment)
    turns.append(time.perf_counter() - began)
    while clock.is_due():
        began = time.perf_counter()
        clock.turn()
        turns.append(time.perf_counter() - began)
    return max(turns)


def main() -> None:
    """Print the longest turn for each flood, of a trusted client, which no budget stops."""
    for name, flood in FLOODS.items():
        best = min(longest_turn(flood, "127.0.0.1") for _ in range(5))
        print(f"{name:<14}{best * 1000:8.2f} ms")


if __name__ == "__main__":
    main()
