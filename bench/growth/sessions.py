"""Sessions that are open: what each costs, and what mail costs meanwhile."""

import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from bench.growth.curve import Curve, Values
from bench.growth.house import DOMAIN, Configured, house, settle
from bench.growth.messages import CPU, send
from bench.loads.client import Client
from bench.measuring import percentile
from gomail.limits import Limits
from gomail.server.start import within_descriptors

_NEEDED = 20_000  # open files of the server, for 15,000 sessions
_RECIPIENTS = 100  # of a message; each has files set aside
_MAIL = b"Subject: x\r\n\r\nx\r\n"


def most_sessions() -> int:
    """Give how many sessions a gomail started here may hold; the hard limit is raised if we may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(hard, _NEEDED), max(hard, _NEEDED)))
    return within_descriptors(Limits(sessions=20_000, recipients=_RECIPIENTS)).sessions


def measure(scratch: Path, counts: Sequence[int]) -> Iterator[tuple[int, Values]]:
    """Open more and more sessions with one server."""
    most = most_sessions()
    limits = f"sessions = {most}\nrecipients = {_RECIPIENTS}"
    with house(
        scratch, Configured(f'[domains."{DOMAIN}"]\nmailboxes = ["inbox"]\n', limits)
    ) as server:
        settle(server)
        held: list[Client] = []
        rest, before = server.memory(), server.cpu()
        for count in sorted({min(each, most - 5) for each in counts}):
            held += [server.client() for _ in range(count - len(held))]
            settle(server)
            opened, memory = server.cpu() - before, server.memory()
            mail = send(server, 300, [f"inbox@{DOMAIN}"], _MAIL)
            waited = noops(held[0], 300)
            yield (
                count,
                {
                    "CPU ms to open all": opened * 1000,
                    "MiB over rest": max(0.0, memory - rest),
                    "KB a session": max(0.0, memory - rest) * 1024 / count,
                    CPU: mail[CPU],
                    "dot to 250 ms": mail["dot to 250 ms"],
                    "NOOP p99 ms": percentile(waited, 0.99),
                    "NOOP ms": statistics.median(waited),
                },
            )
            before = server.cpu() - opened
        for client in held:
            client.socket.close()


def noops(client: Client, times: int) -> list[float]:
    """Give the ms that NOOPs take, one after the other."""
    waited = []
    for _ in range(times):
        began = time.perf_counter()
        client.say(b"NOOP\r\n")
        waited.append((time.perf_counter() - began) * 1000)
    return waited


CURVES = (
    Curve(
        "sessions",
        "sessions that are open",
        "sessions",
        ("CPU ms to open all", "MiB over rest", CPU, "dot to 250 ms"),
        (1, 10, 100, 1000, 5000, 15_000),
        measure,
    ),
)
