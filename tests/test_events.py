"""How events are told."""

from gomail.envelope import Client
from gomail.events import Event, SessionStarted, tell
from tests.smtp.wire import logged_failures

EVENT = SessionStarted(Client("5e55", "192.0.2.1", 1))


def test_every_listener_is_told() -> None:
    """The log, the metrics and whoever else listens hear the same."""
    first: list[Event] = []
    second: list[Event] = []
    tell((first.append, second.append), EVENT)
    assert first == second == [EVENT]


def test_nobody_needs_to_listen() -> None:
    """A server without listeners works."""
    tell((), EVENT)


def test_listener_that_fails_costs_nobody_a_mail() -> None:
    """Its fault is logged, and the others are told."""
    told: list[Event] = []

    def broken(_: Event) -> None:
        raise OSError("the log's disk is full")

    with logged_failures() as logged:
        tell((broken, told.append), EVENT)
    assert told == [EVENT]
    assert [event["log_failure"].type for event in logged] == [OSError]
