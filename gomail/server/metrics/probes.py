"""
What those ask who start servers anew, or send clients to them (Kubernetes, load balancers).

``/healthz`` asks whether a new start would mend anything, as systemd's watchdog does: a full or
hanging disk it would not, and who is ended then can't even tell senders to come later. ``/readyz``
asks whether mail is taken: where it isn't, clients should be sent elsewhere.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from gomail.health import Health, State
from gomail.server.metrics.answer import Answer, Give

STOPPING, STARTING = "stopping", "starting"
_JSON = "application/json"


class Fares(NamedTuple):
    """
    How a server fares.

    Attributes:
        health: its state and the reasons for it.
        alive: whether it can go on: if not, a new start is all that helps.
        serving: whether clients are served; not yet, perhaps.
        stopping: whether it is about to end.
    """

    health: Health
    alive: bool = True
    serving: bool = True
    stopping: bool = False


def healthy(fares: Fares) -> Answer:
    """Tell whether a server should be left alone."""
    return _answer(fares, "healthy", holds=fares.alive)


def ready(fares: Fares) -> Answer:
    """Tell whether clients should be sent to it."""
    failing = fares.health.state is State.FAILING
    holds = fares.alive and fares.serving and not fares.stopping and not failing
    return _answer(fares, "ready", holds=holds)


def _answer(fares: Fares, name: str, *, holds: bool) -> Answer:
    """Write the answer: words, and no text, in which the names of folders stand."""
    reasons = [
        *([STOPPING] if fares.stopping else []),
        *([] if fares.serving else [STARTING]),
        *fares.health.words,
    ]
    told = {name: holds, "state": str(fares.health.state), "reasons": reasons}
    return Answer(200 if holds else 503, _JSON, json.dumps(told).encode("ascii") + b"\n")


def probes(look: Callable[[], Fares]) -> dict[bytes, Give]:
    """Give what is answered, by path."""
    return {b"/healthz": lambda _: healthy(look()), b"/readyz": lambda _: ready(look())}
