"""
One client who is a burden, with large messages or a flood of NOOPs: how far others' p99 moves.

The others are a probe, a message a connection. It is measured alone first, in every round.
"""

import json
import signal

from bench.loads.flood import burden
from bench.race import Failed, Loads, begin
from bench.special.context import Context

PEERS = ("gomail",)
_LARGE = 51_000_000  # octets: with CRLF and stuffed dots about what 50 MiB have room for
_LARGE_WHEN_QUICK = 5_000_000
_PROBES = 300
_PAUSE = 0.005


def measure(context: Context, name: str) -> dict[str, float]:
    """Measure the probe alone, then beside each kind of burden."""
    count, size = (20, _LARGE_WHEN_QUICK) if context.quick else (_PROBES, _LARGE)
    with context.running(name) as server:
        loads = Loads(server)
        loads.end_probe(loads.begin_probe(0, 5), ask=False)
        quiet = loads.end_probe(loads.begin_probe(_PAUSE, count), ask=False)
        large = _beside(loads, count, "large", str(size))
        noops = _beside(loads, count, "noops")
        loads.drain()
        loads.check()
    return {
        "quiet p99 ms": quiet["p99 ms"],
        "large p50 ms": large["p50 ms"],
        "large p99 ms": large["p99 ms"],
        "large moved ms": large["p99 ms"] - quiet["p99 ms"],
        "large messages": large["done"],
        "noops p50 ms": noops["p50 ms"],
        "noops p99 ms": noops["p99 ms"],
        "noops moved ms": noops["p99 ms"] - quiet["p99 ms"],
        "noops answered": noops["done"],
    }


def _beside(loads: Loads, count: int, *burdened: str) -> dict[str, float]:
    """Probe while one client is a burden; give what that client got done, too."""
    client = begin("bench.loads.flood", loads.server.port, *burdened)
    try:
        probed = loads.end_probe(loads.begin_probe(_PAUSE, count), ask=False)
    finally:
        client.send_signal(signal.SIGTERM)
        output, _ = client.communicate(timeout=60)
    if client.returncode:
        raise Failed("the client who is a burden was refused; it said so above")
    done = int(json.loads(output)["done"])
    if burdened[0] == "large":
        loads.sent.add(burden(int(burdened[1])), done)
    return {**probed, "done": done}
