"""By how much the reactor is late."""

import pytest
from twisted.internet.task import Clock

from gomail.server.pulse import BEAT, Pulse
from gomail.smtp.load import Gauge, Load


def test_lateness_is_measured_every_second() -> None:
    """What a call is late by is what everything else is late by."""
    clock, gauge, told = Clock(), Gauge(), list[Load]()
    gauge.tell(told.append)
    pulse = Pulse(clock, gauge.measure_lag)
    pulse.startService()
    clock.advance(BEAT)
    assert gauge.lag == 0
    clock.advance(BEAT + 0.75)
    assert gauge.lag == 0.75
    clock.advance(BEAT)
    assert gauge.lag == 0
    assert told == [Load.BUSY, Load.NORMAL]
    pulse.stopService()
    assert not clock.getDelayedCalls()


def test_service_that_never_ran_can_be_stopped() -> None:
    """Twisted does that when another one fails to start."""
    Pulse(Clock()).stopService()


def test_beats_go_on_whatever_becomes_of_one() -> None:
    """A fault in who is told of one beat costs the others nothing."""
    clock, told = Clock(), list[float]()

    def fail(late: float) -> None:
        told.append(late)
        raise ZeroDivisionError

    pulse = Pulse(clock, fail)
    pulse.startService()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            clock.advance(BEAT)
    assert told == [0.0] * 3
    pulse.stopService()
