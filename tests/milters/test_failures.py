"""A milter that dies, hangs or sends nonsense costs no mail."""

from typing import Never

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost

from gomail.milters.connection import MOST_WAITING
from gomail.milters.consultation import MOST_CHANGES
from gomail.milters.milter import REST
from gomail.milters.milters import COMMAND, MESSAGE
from gomail.milters.outcome import Outcome
from gomail.milters.packets import packet
from gomail.milters.sayings import LATER
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
    result_of,
)

NONSENSE = [
    b"\0\0\0\0",
    b"SSH-2.0-OpenSSH\r\n",
    packet(b"?"),
    packet(b"c", b"x"),
    packet(b"y", b"hello\0"),
    packet(b"O"),
    added(b"X Y", b""),
]


def outcome_of(house: House) -> Outcome:
    """Send a message through; give what comes of it, at whatever stage."""
    refusal = result_of(house.mail())
    refusal = refusal or now(house.session.recipient(ANN)) or now(house.session.data("q1"))
    if refusal is not None:
        house.session.abort()
        return Outcome(refusal)
    house.session.header(HEADER)
    house.session.body(b"x" * 70_000)
    return now(house.session.end(again()))


@pytest.mark.parametrize("stage", list("CHMRTLNBE"))
@pytest.mark.parametrize(
    ("said", "on_failure"), [(NONSENSE[0], "defer"), *((each, "accept") for each in NONSENSE)]
)
def test_nonsense_is_a_failure(said: bytes, stage: str, on_failure: str) -> None:
    """At any stage; the connection ends, and the next message has another one."""
    filtering = Filter({stage.encode(): said})
    house = House(filtering, on_failure=on_failure)
    outcome = outcome_of(house)
    assert (outcome.refusal is None) == (on_failure == "accept")
    assert len(house.told) == 1
    assert house.told[0].startswith("milter unix:/0: it sent nonsense: ")
    assert house.wires[0].disconnected
    del filtering.answers[stage.encode()]
    assert outcome_of(house) == Outcome()
    assert house.connected == 2


def test_change_before_the_end_is_nonsense() -> None:
    """Libmilter allows none, and nobody knows to what it would belong."""
    house = House(Filter({b"B": added(b"X", b"y") + packet(b"c")}))
    assert outcome_of(house) == Outcome()
    assert "b'h' before the end of the message" in house.told[0]


@pytest.mark.parametrize("on_failure", ["accept", "defer"])
@pytest.mark.parametrize(
    "said", [*NONSENSE[:5], packet(b"O", b"\0\0\0\6"), negotiated(version=9), packet(b"c")]
)
def test_negotiation_may_fail(said: bytes, on_failure: str) -> None:
    """Then the milter is left alone for a while, and costs no time."""
    house = House(Filter({b"O": said}), on_failure=on_failure)
    for _ in range(2):
        assert (outcome_of(house).refusal is None) == (on_failure == "accept")
    assert house.connected == 1
    assert len(house.told) == 1
    assert house.told[0].startswith("milter unix:/0: it can't be reached: it sent nonsense")


@pytest.mark.parametrize("on_failure", ["accept", "defer"])
def test_dead_milter_is_left_alone_for_a_while(on_failure: str) -> None:
    """It is asked once, and after the rest by one session alone, until it is well."""
    house = House(Filter(), on_failure=on_failure)
    welcome = on_failure == "accept"
    asked = begun(house.session.mail(CLIENT, ANN))
    house.refuse()
    assert (result_of(asked) is None) == welcome
    assert (result_of(house.mail()) is None) == welcome
    house.reactor.advance(REST)
    trying = begun(house.session.mail(CLIENT, ANN))
    other = house.milters.session()
    assert (now(other.mail(CLIENT, ANN)) is None) == welcome
    house.connect()
    assert result_of(trying) is None
    assert house.message() == Outcome()
    both = begun(other.mail(CLIENT, ANN))
    house.connect()
    assert result_of(both) is None
    assert len(house.told) == 1


@pytest.mark.parametrize("on_failure", ["accept", "defer"])
def test_milter_that_does_not_take_connections_is_given_up(on_failure: str) -> None:
    """In the time that is set."""
    house = House(Filter(), on_failure=on_failure, connect=3)
    asked = begun(house.session.mail(CLIENT, ANN))
    house.reactor.advance(3)
    assert (result_of(asked) is None) == (on_failure == "accept")
    assert "it can't be reached: not within 3 seconds" in house.told[0]


def test_silent_negotiation_is_given_up() -> None:
    """A stopped process: the kernel takes its connections still."""
    house = House(Filter({b"O": b""}), connect=3)
    asked = house.mail()
    house.reactor.advance(3)
    assert result_of(asked) is None
    assert "it can't be reached: it did not answer in time" in house.told[0]


@pytest.mark.parametrize("on_failure", ["accept", "defer"])
@pytest.mark.parametrize("stage", list("CHMRTLNBE"))
def test_silence_is_a_failure(stage: str, on_failure: str) -> None:
    """At any stage, after the time that is set for it."""
    house = House(Filter({stage.encode(): b""}), on_failure=on_failure, command=7.0, content=11.0)

    async def send() -> Outcome:
        refusal = await house.session.mail(CLIENT, ANN)
        refusal = refusal or await house.session.recipient(ANN)
        refusal = refusal or await house.session.data("q1")
        if refusal is not None:
            return Outcome(refusal)
        house.session.header(HEADER)
        house.session.body(b"x" * 70_000)
        return await house.session.end(again())

    sent = begun(send())
    house.connect_all()
    seconds = 7 if stage in "CHMRT" else 11
    house.reactor.advance(seconds - 0.5)
    assert not sent.called
    house.reactor.advance(0.5)
    assert (result_of(sent).refusal is None) == (on_failure == "accept")
    assert len(house.told) == 1
    assert house.told[0].startswith("milter unix:/0: it did not answer in time")


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


@pytest.mark.parametrize("on_failure", ["accept", "defer"])
@pytest.mark.parametrize(
    ("said", "reason", "told"),
    [
        (b"", None, "it closed the connection"),
        (b"\0\0", None, "it closed the connection in the middle of a packet"),
        (b"", ConnectionLost(), "it closed the connection: "),
    ],
)
def test_milter_may_die(said: bytes, reason: Exception | None, told: str, on_failure: str) -> None:
    """While it is asked for its last word."""
    house = House(Filter({b"E": added(b"X", b"y") + said}), on_failure=on_failure)
    result_of(house.mail())
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    house.session.header(HEADER)
    ending = begun(house.session.end(again()))
    house.wires[0].gone(reason)
    outcome = result_of(ending)
    assert (outcome == Outcome()) == (on_failure == "accept")
    assert house.told[0].startswith(f"milter unix:/0: {told}")


def test_milter_may_die_while_content_comes() -> None:
    """What is deferred once is deferred, whatever comes."""
    house = House(Filter(), on_failure="defer")
    result_of(house.mail())
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    house.session.header(HEADER)
    house.wires[0].gone()
    house.session.body(b"x" * 70_000)
    house.session.body(b"x" * 70_000)
    outcome = now(house.session.end(again()))
    assert outcome.refusal is not None
    assert outcome.refusal.reply == LATER
    refused = House(Filter({b"R": packet(b"?")}), on_failure="defer")
    result_of(refused.mail())
    replies = [now(refused.session.recipient(ANN)), now(refused.session.recipient(ANN))]
    assert [each is not None and each.reply for each in replies] == [LATER, LATER]
    assert now(refused.session.data("q1")) == replies[0]


def test_milter_that_speaks_out_of_turn_has_failed() -> None:
    """Its words can't be told from an answer."""
    house = House(Filter())
    result_of(house.mail())
    house.wires[0].say(packet(b"a")[:3])
    house.wires[0].say(packet(b"a")[3:])
    assert now(house.session.recipient(ANN)) is None
    assert house.told == [
        "milter unix:/0: it sent nonsense: b'a' out of turn; mail is accepted without it"
    ]
    house.wires[0].say(packet(b"a"))
    house.wires[0].gone()
    assert len(house.told) == 1


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
    assert refusal.reply == LATER
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


def test_fault_of_ours_is_not_hidden() -> None:
    """Whoever gives the body once more may fail; the message is not taken then."""
    house = House(Filter(), Filter())
    asked = house.mail()
    house.connect_all()
    assert result_of(asked) is None
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    house.session.header(HEADER)

    def broken() -> Never:
        raise OSError("the spool file is gone")

    failures: list[object] = []
    begun(house.session.end(broken)).addErrback(failures.append)
    assert len(failures) == 1
