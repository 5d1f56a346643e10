"""By how much the reactor is late."""

from twisted.internet.task import Clock

from gomail.server.pulse import BEAT, Pulse
from gomail.smtp.load import Gauge, Load


def test_lateness_is_measured_every_second() -> None:
    """What a call is late by is what everything else is late by."""
    clock, gauge, told = Clock(), Gauge(), list[Load]()
    gauge.tell(told.append)
    pulse = Pulse(clock, gauge)
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
    Pulse(Clock(), Gauge()).stopService()
