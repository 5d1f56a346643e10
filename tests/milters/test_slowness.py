"""What milters cost that talk too much or too little: bounded memory, and bounded time."""

import pytest
from twisted.internet.defer import CancelledError, Deferred

from gomail.milters.connection import MOST_WAITING, PARTING
from gomail.milters.milters import COMMAND, MESSAGE
from gomail.milters.notes import MOST_CHANGES
from gomail.milters.outcome import Outcome
from gomail.milters.packets import LONGEST_PACKET, packet
from gomail.reply import MILTER_DEFERS
from tests.milters.filter import (
    ANN,
    CLIENT,
    HEADER,
    SILENT,
    Filter,
    House,
    added,
    again,
    begun,
    kinds,
    negotiated,
    now,
    outcome_of,
    result_of,
)


def test_progress_extends_the_time_but_not_for_ever() -> None:
    """The dialogue would answer 451 by itself, whatever is set for failures."""
    house = House(Filter({b"E": b""}), content=11.0)
    result_of(house.mail())
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    house.session.header(HEADER)
    ending = begun(house.session.end(again()))
    for _ in range(int(MESSAGE / 10) - 1):
        house.reactor.advance(10)
        assert not ending.called
        house.wires[0].say(packet(b"p"))
    house.reactor.advance(10)
    assert result_of(ending) == Outcome()
    assert "in time" in house.told[0]


def test_several_that_hang_share_the_time() -> None:
    """A command is answered before its client leaves."""
    house = House(*[Filter({b"M": b""}) for _ in range(4)], command=20.0)
    asked = house.mail()
    for _ in range(int(COMMAND)):
        assert not asked.called
        house.connect_all()
        house.reactor.advance(1)
    assert result_of(asked) is None
    assert len(house.told) == 4


def test_flood_is_a_failure() -> None:
    """Nobody keeps what nobody asked for, nor more changes than make sense."""
    house = House(Filter())
    result_of(house.mail())
    house.wires[0].say(packet(b"p") * (MOST_WAITING + 1))
    assert house.wires[0].disconnected
    now(house.session.recipient(ANN))
    for end in (added(b"X", b"y") * (MOST_CHANGES + 1), added(b"X", b"y" * 600_000) * 2):
        house.filters[0].answers[b"E"] = end + packet(b"c")
        assert outcome_of(house) == Outcome()
    assert ["more than" in house.told[0], *("too many" in each for each in house.told[1:])] == [
        True
    ] * 3


def test_octets_that_nobody_asked_for_are_bounded() -> None:
    """Few packets may be large ones."""
    house = House(Filter())
    result_of(house.mail())
    large = packet(b"h", b"x" * (LONGEST_PACKET - 1))
    for _ in range(2):
        house.wires[0].say(large)
    assert not house.wires[0].disconnected
    house.wires[0].say(packet(b"h", b"xyz"))
    assert house.wires[0].disconnected


def test_slow_milters_share_the_time_of_a_message() -> None:
    """However many pieces they take their time for; a client's own pauses don't count."""
    house = House(Filter({b"B": b""}), content=15.0)
    result_of(house.mail())
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    house.session.header(HEADER)
    for _ in range(int(MESSAGE / 10) - 1):
        assert house.told == []
        house.reactor.advance(1000)
        waiting = house.session.body(b"x" * 65_535)
        assert isinstance(waiting, Deferred)
        house.reactor.advance(10)
        house.wires[0].say(packet(b"c"))
        assert waiting.called
    last = house.session.body(b"x" * 65_535)
    assert isinstance(last, Deferred)
    house.reactor.advance(9.5)
    assert not last.called
    house.reactor.advance(0.5)
    assert last.called
    assert "in time" in house.told[0]
    assert now(house.session.end(again())) == Outcome()


def test_milter_that_hangs_keeps_no_connection_of_a_session_that_is_gone() -> None:
    """What it has not read is not waited for: descriptors are few."""
    house = House(Filter())
    result_of(house.mail())
    house.session.close()
    assert house.wires[0].disconnecting
    assert not house.wires[0].disconnected
    house.reactor.advance(PARTING)
    assert house.wires[0].disconnected
    result_of(house.mail())
    house.session.close()
    house.wires[1].gone()
    assert house.reactor.getDelayedCalls() == []
    result_of(house.mail())
    house.session.close()
    house.reactor.advance(PARTING)
    house.wires[2].gone()


def test_slow_milter_slows_the_mail() -> None:
    """Not more than a buffer is kept for it; what was brought waits for room."""
    house = House(Filter(steps=SILENT))
    result_of(house.mail())
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    assert house.session.header(HEADER) is None
    assert house.session.body(b"x" * 70_000) is None
    house.wires[0].held.pauseProducing()
    first = house.session.body(b"x" * 70_000)
    assert isinstance(first, Deferred)
    second = house.session.body(b"y" * 140_000)
    assert isinstance(second, Deferred)
    assert len(kinds(house.filters[0].heard, b"B")) == 2
    ending = begun(house.session.end(again()))
    assert not first.called
    house.wires[0].held.resumeProducing()
    assert first.called
    assert second.called
    assert result_of(ending) == Outcome()
    assert sum(map(len, kinds(house.filters[0].heard, b"B"))) == 280_000
    house.wires[0].held.stopProducing()


def test_milter_that_reads_nothing_is_given_up() -> None:
    """And the mail goes on."""
    house = House(Filter(steps=SILENT), content=11.0)
    result_of(house.mail())
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    house.wires[0].held.pauseProducing()
    waiting = house.session.header(HEADER)
    assert isinstance(waiting, Deferred)
    house.reactor.advance(11)
    assert waiting.called
    assert now(house.session.end(again())) == Outcome()


def test_client_may_leave_while_a_milter_thinks() -> None:
    """Nobody waits any more, nothing is told, and the connection ends."""
    house = House(Filter({b"M": b""}))
    asked = house.mail()
    house.session.close()
    refusal = result_of(asked)
    assert refusal is not None
    assert refusal.reply == MILTER_DEFERS
    assert house.wires[0].disconnected
    assert house.told == []


def test_client_may_leave_while_content_waits() -> None:
    """What was not shown yet never is."""
    house = House(Filter({b"L": b""}))
    result_of(house.mail())
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    first = house.session.header(HEADER)
    second = house.session.body(b"x\n")
    house.session.abort()
    assert isinstance(first, Deferred)
    assert isinstance(second, Deferred)
    assert first.called
    assert second.called
    assert house.wires[0].disconnected
    assert result_of(house.mail()) is None
    assert house.told == []


def test_who_waits_for_content_may_be_cancelled() -> None:
    """By a deadline of the dialogue's; the message ends then, too."""
    house = House(Filter({b"L": b""}))
    result_of(house.mail())
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    waiting = house.session.header(HEADER)
    assert isinstance(waiting, Deferred)
    cancelled: list[object] = []
    waiting.addErrback(lambda failure: cancelled.append(failure.trap(CancelledError)))
    waiting.cancel()
    assert cancelled == [CancelledError]
    assert house.wires[0].disconnected
    assert house.session.body(b"x\n") is None
    ending = begun(house.session.end(again()))
    failures: list[object] = []
    ending.addErrback(failures.append)
    assert len(failures) == 1


@pytest.mark.parametrize("answer", [None, b""])
def test_who_waits_for_an_answer_may_be_cancelled(answer: bytes | None) -> None:
    """Likewise; and a milter that was being tried is not thought ill of."""
    house = House(Filter({b"O": b""} if answer is None else {b"M": answer}))
    asked = house.mail() if answer is not None else begun(house.session.mail(CLIENT, ANN))
    failures: list[object] = []
    asked.addErrback(failures.append)
    asked.cancel()
    assert len(failures) == 1
    house.connected = 1
    other = house.milters.session()
    house.filters[0].answers = {b"O": negotiated(), b"A": b""}
    assert result_of(house.mail(session=other)) is None
    assert house.told == []
