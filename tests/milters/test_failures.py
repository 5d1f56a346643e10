"""A milter that dies, hangs or sends nonsense costs no mail."""

from errno import EMFILE, ENFILE
from typing import Never

import pytest
from twisted.internet.error import ConnectBindError, ConnectError, ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from gomail.milters.milter import PAUSE, REST
from gomail.milters.outcome import Outcome
from gomail.milters.packets import packet
from gomail.reply import MILTER_DEFERS
from tests.milters.filter import (
    ANN,
    CLIENT,
    HEADER,
    Filter,
    House,
    added,
    again,
    begun,
    negotiated,
    now,
    outcome_of,
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
    missed = "; 2 messages were accepted without it meanwhile" if welcome else ""
    assert house.told[1:] == [f"milter unix:/0: it is reached again{missed}"]


@pytest.mark.parametrize(
    "error",
    [ConnectBindError(EMFILE, "Too many open files"), OSError(ENFILE, "Too many open files")],
    ids=["tcp", "unix"],
)
def test_want_of_files_defers_mail_and_is_no_fault_of_a_milter(error: Exception) -> None:
    """Else many sessions would switch a filter off; the next one is welcome as ever."""
    house = House(Filter())
    asked = begun(house.session.mail(CLIENT, ANN))
    house.refuse(error)
    refusal = result_of(asked)
    assert refusal is not None
    assert refusal.reply == MILTER_DEFERS
    assert "nothing left to connect by" in refusal.reason
    assert now(house.session.recipient(ANN)) == refusal
    assert result_of(house.mail()) is None
    assert house.message() == Outcome()
    assert house.told == []


def test_full_queue_is_tried_again_in_the_time_that_is_set() -> None:
    """Many clients at once are no reason to do without a milter."""
    house = House(Filter(), connect=3)
    full = ConnectError(string=Failure(ConnectionDone()))
    asked = begun(house.session.mail(CLIENT, ANN))
    for _ in range(10):
        house.refuse(full)
        house.reactor.advance(PAUSE)
    house.connect()
    assert result_of(asked) is None
    assert house.message() == Outcome()
    assert house.told == []
    other = begun(house.milters.session().mail(CLIENT, ANN))
    while not other.called:
        house.refuse(full)
        house.reactor.advance(PAUSE)
    assert "it can't be reached: its queue is full; " in house.told[0]
    assert house.reactor.seconds() < 5


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
    assert outcome.refusal.reply == MILTER_DEFERS
    refused = House(Filter({b"R": packet(b"?")}), on_failure="defer")
    result_of(refused.mail())
    replies = [now(refused.session.recipient(ANN)), now(refused.session.recipient(ANN))]
    assert [each is not None and each.reply for each in replies] == [MILTER_DEFERS, MILTER_DEFERS]
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
