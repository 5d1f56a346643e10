"""Lines of the log: each event as text and as JSON, with the time in front."""

from collections.abc import Callable
from functools import partial

from cpu import measure
from values import EVENTS

from gomail.events import tell
from gomail.server.log import EventLog, JsonEventLog, stamp


def drop(line: str) -> None:
    """Write a line nowhere."""


def main() -> None:
    """Measure them all."""
    cases: dict[str, Callable[[], object]] = {"stamp": partial(stamp, 1_764_249_184.5)}
    for form, log in {"text": EventLog(drop), "JSON": JsonEventLog(drop)}.items():
        for name, event in EVENTS.items():
            cases[f"{form}: {name}"] = partial(tell, (log,), event)
    measure(cases)


if __name__ == "__main__":
    main()
