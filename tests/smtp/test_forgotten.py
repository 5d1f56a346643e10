"""A session that is over is gone: it waits for no garbage collector."""

import gc

import pytest
from OpenSSL.SSL import Connection
from twisted.internet.task import Clock

from gomail.limits import Limits
from gomail.reply import LOCAL_ERROR, Refused
from gomail.smtp.nobody import NOBODY
from tests.smtp.desk import Desk, late
from tests.smtp.talk import ENVELOPE, Talk, check_forgotten, in_content, ready

MESSAGE = [*ENVELOPE, "DATA", "Hello", "."]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("lines", [[], ["XYZZY"], MESSAGE, [*MESSAGE, *MESSAGE[1:]]])
def test_session_that_ends_well_is_gone(lines: list[str], *, wrapped: bool) -> None:
    """Whatever was said."""
    talk = Talk(wrapped=wrapped)
    talk.speak([*lines, "QUIT"])
    talk.leave()
    assert talk.over
    check_forgotten(talk)


def connections() -> int:
    """Count what there is of OpenSSL's."""
    return sum(type(each) is Connection for each in gc.get_objects())


@pytest.mark.parametrize("goodbye", [False, True])
@pytest.mark.parametrize("lines", [[], ENVELOPE, [*MESSAGE, "QUIT"]])
def test_session_under_tls_is_gone(lines: list[str], *, goodbye: bool) -> None:
    """With OpenSSL's part of it, whether or not the client says goodbye."""
    talk = ready()
    client = talk.encrypt()
    gc.collect()
    before = connections()
    talk.speak(lines)
    talk.hear()
    if goodbye:
        client.tls.loseConnection()
        client.exchange()
    talk.leave()
    assert talk.over
    check_forgotten(talk)
    assert connections() == before - 1


def test_session_that_never_shakes_hands_is_gone() -> None:
    """The client goes behind the 220."""
    talk = ready()
    talk.leave()
    assert talk.over
    check_forgotten(talk)


def test_session_that_breaks_off_is_gone() -> None:
    """In the middle of content."""
    talk = in_content(Talk())
    talk.send(b"Hello\r\n")
    talk.leave()
    check_forgotten(talk)


def test_session_that_had_to_wait_is_gone() -> None:
    """For the delivery, when the client has left."""
    desk = Desk(Clock())
    answers = late(desk, "rcpt")
    talk = Talk(desk)
    talk.speak(ENVELOPE)
    talk.leave()
    answers.pop().errback(Refused(LOCAL_ERROR))
    assert talk.over
    check_forgotten(talk)


def test_session_that_was_refused_for_a_reason_is_gone() -> None:
    """Whatever was caught before has frames, too."""

    def refuse(*_: object) -> None:
        try:
            int("nobody")
        except ValueError as error:
            raise Refused(LOCAL_ERROR) from error

    desk = Desk(Clock())
    desk.plans["rcpt"] = refuse
    talk = Talk(desk)
    talk.speak([*ENVELOPE, "QUIT"])
    talk.leave()
    assert talk.over
    check_forgotten(talk)


def test_session_that_is_late_is_gone() -> None:
    """Its clock has run out, and the client closes nothing."""
    talk = Talk()
    talk.wire.hangs = True
    talk.hear()
    talk.wait(400)
    talk.wait(20)
    assert talk.over
    check_forgotten(talk)


def test_session_whose_error_costs_time_is_gone() -> None:
    """A second later, when it would have been told of it."""
    talk = Talk(limits=Limits(errors_free=0))
    talk.hear()
    talk.send(b"XYZZY\r\nNOOP\r\n")
    talk.leave()
    talk.wait(2)
    check_forgotten(talk)


def test_session_whose_client_read_nothing_is_gone() -> None:
    """What waited for it goes with it."""
    talk = Talk(room=10)
    talk.send(b"EHLO client.example\r\n")
    talk.leave()
    assert talk.over
    check_forgotten(talk)


def test_nobody_keeps_anybody_waiting() -> None:
    """Whoever asks what is left of a session hears that it has said all, and hung up."""
    assert not NOBODY.busy()
    assert NOBODY.hang_up()
