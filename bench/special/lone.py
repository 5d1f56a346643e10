"""
One lone sender: from the final dot to the 250, beside the bare steps for the same file.

The two take turns, message by message, so that a disk which is slower for a while is slower for
both.
"""

import time

from bench.loads.client import Client
from bench.loads.probe import probe_letter
from bench.measuring import percentile
from bench.race import Loads
from bench.special.bare import Boxes
from bench.special.context import Context

PEERS = ("gomail",)


def measure(context: Context, name: str) -> dict[str, float]:
    """Send messages, one by one, on one connection."""
    count = 40 if context.quick else 400
    with context.running(name) as server:
        loads, boxes = Loads(server), Boxes(context.scratch, 1)
        letter = probe_letter()
        client = Client(server.port).greet()
        client.mail(letter.octets)
        size = server.stored()[0].stat().st_size
        octets = b"x" * (size - len(letter.content)) + letter.content
        by_smtp: list[float] = []
        bare: list[float] = []
        for _ in range(count):
            bare.append(boxes.store(octets))
            client.begin()
            client.socket.sendall(letter.octets[:-3])
            began = time.perf_counter()
            client.say(letter.octets[-3:])
            by_smtp.append(time.perf_counter() - began)
        client.leave()
        boxes.close()
        loads.sent.add(letter, count + 1)
        loads.check()
    return {
        "messages": count,
        "dot p50 ms": percentile(by_smtp, 0.5) * 1000,
        "dot p99 ms": percentile(by_smtp, 0.99) * 1000,
        "bare p50 ms": percentile(bare, 0.5) * 1000,
        "bare p99 ms": percentile(bare, 0.99) * 1000,
        "ratio": percentile(by_smtp, 0.5) / percentile(bare, 0.5),
    }
