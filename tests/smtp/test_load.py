"""How busy the server is, and what follows from it."""

from dataclasses import replace

import pytest

from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.smtp.admission import Admission
from gomail.smtp.load import HURRY, LAG, SESSIONS, Gauge, Load, Mark, hurried
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, in_content

STATES = [Load.NORMAL, Load.BUSY, Load.OVERLOAD]


def gauge() -> tuple[Gauge, list[Load]]:
    """Make a gauge, and the list of what it tells."""
    made, told = Gauge(), list[Load]()
    made.tell(told.append)
    return made, told


def test_state_is_entered_at_one_mark_and_left_at_a_lower_one() -> None:
    """So that it does not flicker."""
    made, told = gauge()
    for share in (0.79, 0.80, 0.61, 0.94, 0.95, 0.81, 0.79, 0.60, 0.59, 0.79):
        made.measure_sessions(share)
    assert told == [Load.BUSY, Load.OVERLOAD, Load.BUSY, Load.NORMAL]


def test_state_may_be_passed_over() -> None:
    """In both directions."""
    made, told = gauge()
    for share in (1.0, 0.0):
        made.measure_sessions(share)
    assert told == [Load.OVERLOAD, Load.NORMAL]


def test_late_reactor_is_busy_too() -> None:
    """However few sessions there are."""
    made, told = gauge()
    for lag in (0.4, 0.5, 0.2, 2.0, 0.6, 0.4, 0.05):
        made.measure_lag(lag)
    assert told == [Load.BUSY, Load.OVERLOAD, Load.BUSY, Load.NORMAL]


def test_worse_of_both_counts() -> None:
    """The one that is better does not end it."""
    made, told = gauge()
    made.measure_sessions(0.9)
    made.measure_lag(3)
    made.measure_sessions(0)
    made.measure_lag(0)
    assert told == [Load.BUSY, Load.OVERLOAD, Load.NORMAL]
    assert (made.share, made.lag) == (0, 0)


@pytest.mark.parametrize("marks", [SESSIONS, LAG])
def test_marks_are_in_order(marks: dict[Load, Mark]) -> None:
    """A state is left below where it is entered, and the worse one later."""
    busy, over = marks[Load.BUSY], marks[Load.OVERLOAD]
    assert busy.leave < busy.enter < over.enter
    assert busy.leave < over.leave < over.enter


@pytest.mark.parametrize("load", STATES)
def test_nobody_has_more_time_under_load(load: Load) -> None:
    """Nor more than was configured."""
    short = Limits(command_timeout=5, errors=1)
    for limits in (DEFAULT_LIMITS, short):
        for name in HURRY[load]:
            assert getattr(hurried(limits, load), name) <= getattr(limits, name)
    assert hurried(DEFAULT_LIMITS, Load.NORMAL) == DEFAULT_LIMITS
    assert hurried(short, load).command_timeout == 5
    assert hurried(DEFAULT_LIMITS, load).size == DEFAULT_LIMITS.size


def test_admission_measures() -> None:
    """As clients come and go."""
    admission, told = Admission(Limits(sessions=5)), list[Load]()
    admission.gauge.tell(told.append)
    for _ in range(4):
        admission.enter(CLIENT)
    for _ in range(2):
        admission.leave(CLIENT)
    assert told == [Load.BUSY, Load.NORMAL]


def test_open_session_has_less_time_from_now_on() -> None:
    """Also for what it is at: a command that is awaited since before."""
    talk = Talk()
    talk.say("EHLO client.example")
    talk.wait(5)
    talk.protocol.hurry(replace(DEFAULT_LIMITS, command_timeout=10))
    talk.wait(4)
    assert not talk.closed
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Timed out")


def test_open_session_has_more_time_again() -> None:
    """When the load is gone."""
    talk = Talk(limits=replace(DEFAULT_LIMITS, command_timeout=10))
    talk.wait(9)
    talk.protocol.hurry(DEFAULT_LIMITS)
    talk.wait(200)
    assert talk.say("NOOP").endswith(b"250 2.0.0 OK\r\n")


def test_e1_content_that_trickles_is_cut_off_sooner() -> None:
    """And content that comes fast enough is not."""
    slow, fast = in_content(Talk()), in_content(Talk())
    for talk in (slow, fast):
        talk.wait(11)
        talk.send(b"x" * (10_000 if talk is fast else 10))
        talk.protocol.hurry(hurried(DEFAULT_LIMITS, Load.OVERLOAD))
        talk.wait(1)
    assert slow.hear().startswith(b"421 4.4.2 Content comes too slowly")
    fast.send(b"\r\n.\r\n")
    assert fast.codes()[-1] == "250"


def test_errors_are_fewer_under_load() -> None:
    """For what is said from now on."""
    talk = Talk()
    talk.say("XYZZY")
    talk.protocol.hurry(hurried(DEFAULT_LIMITS, Load.OVERLOAD))
    assert talk.say("XYZZY").startswith(b"421")


def test_trusted_client_is_never_hurried() -> None:
    """It has all the time that it always has."""
    talk = Talk(client=replace(CLIENT, trusted=True))
    talk.protocol.hurry(replace(DEFAULT_LIMITS, command_timeout=1))
    talk.wait(100)
    assert talk.say(*ENVELOPE).startswith(b"250")


def test_session_that_is_gone_is_left_alone() -> None:
    """No clock is wound up for it."""
    talk = Talk()
    talk.leave()
    talk.protocol.hurry(DEFAULT_LIMITS)
    assert not talk.clock.getDelayedCalls()
