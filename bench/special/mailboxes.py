"""
One message for 100 mailboxes, a file in each, beside a bare loop that makes the same files.

The loop writes one message after the other, as fast as the disk lets it; gomail has ten sessions.
"""

import time

from bench.measuring import percentile
from bench.peers.peer import Setting
from bench.race import Loads, calibrate
from bench.race import measure as measure_load
from bench.special.bare import Boxes
from bench.special.context import Context
from bench.workloads import Workload

PEERS = ("gomail", "bare loop")
_COUNT = 100
_TRACE = 180  # octets that stand on top of a stored message, about
_LOAD = Workload(
    "mailboxes",
    "1 KB for 100 mailboxes, 10 sessions",
    "kept",
    1000,
    10,
    recipients=_COUNT,
    first=10,
)


def measure(context: Context, name: str) -> dict[str, float]:
    """Measure gomail, or the bare loop."""
    seconds = 0.5 if context.quick else 3.0
    if name == "bare loop":
        return _bare(context, seconds)
    with context.running(name, Setting(mailboxes=_COUNT)) as server:
        loads = Loads(server)
        messages = calibrate(loads, _LOAD, seconds)
        values = measure_load(loads, _LOAD, messages)
        loads.check()
        return values


def _bare(context: Context, seconds: float) -> dict[str, float]:
    """Make files for some seconds."""
    boxes = Boxes(context.scratch, _COUNT)
    octets = b"x" * _TRACE + _LOAD.letter.content
    took: list[float] = []
    began = time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds or len(took) < 5:
        took.append(boxes.store(octets))
    boxes.close()
    return {
        "messages": len(took),
        "seconds": elapsed,
        "rate": len(took) / elapsed,
        "p50 ms": percentile(took, 0.5) * 1000,
        "p99 ms": percentile(took, 0.99) * 1000,
    }
