"""The trace fields that stand on top of each stored message."""

import itertools
from functools import partial

from cpu import measure
from values import ENVELOPE, HOSTNAME, SEVERAL, UNDER_TLS

from gomail.message import trace

NOW = 1_764_249_184.5
PAIR = ("bob@bench.example", None)
ALIASED = ("bob@bench.example", "info@bench.example")


def main() -> None:
    """Measure them all."""
    later = itertools.count(int(NOW))
    measure(
        {
            "return_path": partial(trace.return_path, ENVELOPE.reverse_path),
            "delivered_to": partial(trace.delivered_to, [PAIR]),
            "delivered_to, aliased": partial(trace.delivered_to, [ALIASED]),
            "delivered_to, 20 aliases": partial(trace.delivered_to, [ALIASED] * 20),
            "received": partial(trace.received, ENVELOPE, HOSTNAME, NOW),
            "received, TLS": partial(trace.received, UNDER_TLS, HOSTNAME, NOW),
            "received, 100 recipients": partial(trace.received, SEVERAL, HOSTNAME, NOW),
            "date": partial(trace.date, NOW),
            "date, another second": lambda: trace.date(next(later)),
        }
    )


if __name__ == "__main__":
    main()
