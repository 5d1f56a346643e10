"""
A disk on which each fsync takes a second: how long everybody else waits for a reply meanwhile.

strace has the calls wait, in the delivery agent and in all threads; the reactor makes none of them.
Senders keep messages on their way to the disk, small ones and spooled ones, while one more session
says NOOP every few milliseconds. Nobody's turn of the reactor was longer than the longest of its
replies, but for what fell between two of them.
"""

import threading
import time

from bench.letters import Letter, letter
from bench.loads.client import Client
from bench.measuring import percentile
from bench.peers.gomail import SLOW
from bench.race import Failed, Loads
from bench.special.context import Context

PEERS = ("gomail-slow-disk",)
_SIZES = (1000, 1_000_000)  # octets: one goes to the agent, one through the thread
_SENDERS = 10  # of each size
_SECONDS = 20.0
_SECONDS_WHEN_QUICK = 3.0
_PAUSE = 0.002


class _Sender(threading.Thread):
    """Sends one message after the other until it is told to stop."""

    def __init__(self, port: int, message: Letter, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._client = Client(port).greet()
        self._message = message
        self._stop_now = stop
        self.took: list[float] = []

    def run(self) -> None:
        """Send."""
        while not self._stop_now.is_set():
            self._client.begin()
            self._client.socket.sendall(self._message.octets[:-3])
            began = time.perf_counter()
            self._client.say(self._message.octets[-3:])
            self.took.append(time.perf_counter() - began)
        self._client.leave()


def measure(context: Context, name: str) -> dict[str, float]:
    """Say NOOP while all else waits for the disk."""
    stop = threading.Event()
    letters = [letter(f"slow{size}", size) for size in _SIZES]
    with context.running(name) as server:
        loads = Loads(server)
        senders = [
            _Sender(server.port, message, stop) for message in letters for _ in range(_SENDERS)
        ]
        quiet = _noops(server.port, _SECONDS_WHEN_QUICK)
        for sender in senders:
            sender.start()
        try:
            busy = _noops(server.port, _SECONDS_WHEN_QUICK if context.quick else _SECONDS)
        finally:
            stop.set()
        for sender in senders:
            sender.join(60)
            if sender.is_alive():
                raise Failed("a message was not answered in a minute")
            loads.sent.add(letters[senders.index(sender) // _SENDERS], len(sender.took))
        loads.check()
    took = [seconds for sender in senders for seconds in sender.took]
    if min(took) < SLOW:
        raise Failed(f"a message was stored in {min(took):.3f} s: the disk was not slow")
    return {
        "messages": len(took),
        "dot p50 ms": percentile(took, 0.5) * 1000,
        "NOOPs": len(busy),
        "quiet longest ms": max(quiet) * 1000,
        "NOOP p50 ms": percentile(busy, 0.5) * 1000,
        "NOOP p99 ms": percentile(busy, 0.99) * 1000,
        "NOOP longest ms": max(busy) * 1000,
    }


def _noops(port: int, seconds: float) -> list[float]:
    """Say NOOP for so long; give the seconds that each reply took."""
    client = Client(port).greet()
    took: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        client.say(b"NOOP\r\n")
        took.append(time.perf_counter() - began)
        time.sleep(_PAUSE)
    client.leave()
    return took
