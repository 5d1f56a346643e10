"""What those hear who start servers anew, or send clients to them."""

import json

import pytest

from gomail.health import WELL, Health, Reason, State
from gomail.server.metrics.probes import Fares, probes

LOW = Health((Reason("disk-low", State.DEGRADED, "12 MiB are free on the disk of /srv"),))
FULL = Health((Reason("disk-full", State.FAILING, "1 MiB is free on the disk of /srv"),))
ENDED = Health((Reason("thread-ended", State.FAILING, "the thread has ended"),))


@pytest.mark.parametrize(
    ("fares", "healthy", "ready", "reasons"),
    [
        (Fares(WELL), 200, 200, []),
        (Fares(LOW), 200, 200, ["disk-low"]),
        (Fares(FULL), 200, 503, ["disk-full"]),  # a new start would make no room
        (Fares(ENDED, alive=False), 503, 503, ["thread-ended"]),
        (Fares(WELL, serving=False), 200, 503, ["starting"]),
        (Fares(LOW, stopping=True), 200, 503, ["stopping", "disk-low"]),
    ],
)
def test_answers(fares: Fares, healthy: int, ready: int, reasons: list[str]) -> None:
    """They say in a word why, and name no folder."""
    answers = probes(lambda: fares)
    for path, status, name in ((b"/healthz", healthy, "healthy"), (b"/readyz", ready, "ready")):
        answer = answers[path](b"")
        assert (answer.status, answer.kind) == (status, "application/json")
        assert json.loads(answer.body) == {
            name: status == 200,
            "state": str(fares.health.state),
            "reasons": reasons,
        }
        assert b"/srv" not in answer.body
