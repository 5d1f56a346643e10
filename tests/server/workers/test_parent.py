"""A worker's line to its parent: who is asked about, what is answered, and its end."""

import os
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from gomail.envelope import Client
from gomail.frames import Frames, framed
from gomail.limits import Limits
from gomail.reply import TOO_BUSY, TOO_MANY_FROM_ADDRESS, TOO_MANY_FROM_NETWORK, Refused, Reply
from gomail.server.workers import parent, words
from gomail.server.workers.parent import LOOK, Parent
from tests.smtp.wire import logged_failures


class House(Clock):
    """A worker's end of the line; the test is at the other one, and the reactor."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.orphaned = 0
        self.changed: list[str] = []
        self._written = b""
        self._frames = Frames()
        monkeypatch.setattr(parent, "StandardIO", self._open)
        self.parent = Parent(self)  # type: ignore[arg-type]  # a short one
        self.parent.report = lambda: (3, [], {"messages": 1})
        self.parent.change = self._change
        self.parent.orphaned = self._orphan
        self.admission = self.parent.shared_admission(Limits(sessions=10))

    def _open(self, line: Any, **how: object) -> None:  # noqa: ANN401 -- a protocol
        """Take up the line."""
        assert (how["stdin"], how["stdout"]) == (words.ORDERS, words.ANSWERS)
        self.line = line
        line.makeConnection(self)

    def callWhenRunning(self, work: Any) -> None:  # noqa: ANN401 -- as Twisted has it
        """It runs."""
        work()

    def write(self, octets: bytes) -> None:
        """Hear the worker."""
        self._written += octets

    def heard(self) -> list[object]:
        """Give what was said since the last time."""
        written, self._written = self._written, b""
        return self._frames.feed(written)

    def say(self, *said: object) -> None:
        """Say something to the worker."""
        self.line.dataReceived(framed(said))

    def _change(self, text: str) -> Deferred[str | None]:
        """Have other settings be in force."""
        self.changed.append(text)
        return succeed("no")

    def _orphan(self) -> None:
        """Learn that the parent is no more."""
        self.orphaned += 1

    def ask(self, client: Client) -> list[object]:
        """Ask whether a client may stay, and give a list that will have the outcome."""
        outcome: list[object] = []
        self.admission.enter(client)
        answer: Any = self.admission.permit(client)
        Deferred.fromCoroutine(answer).addCallbacks(
            outcome.append, lambda failure: outcome.append(failure.value)
        )
        return outcome


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a worker that serves."""
    house = House(monkeypatch)
    house.parent.startService()
    assert house.heard() == [(words.READY,)]
    return house


def test_other_words_are_done_by_others(house: House) -> None:
    """What one of them says fast is held back by the transport, as a producer's."""
    followed: list[bool] = []
    house.parent.others["follow"] = followed.append
    house.say("follow", True)
    assert followed == [True]
    producers: list[object] = []
    house.registerProducer = lambda producer, _: producers.append(producer)  # type: ignore[attr-defined]  # as a transport does
    house.unregisterProducer = producers.clear  # type: ignore[attr-defined]
    producer: Any = object()
    house.parent.produce(producer)
    assert producers == [producer]
    house.parent.release()
    assert producers == []
    house.line.connectionLost()
    house.parent.produce(producer)
    house.parent.release()
    assert producers == []


def stranger(session_id: str = "s") -> Client:
    """Give one."""
    return Client(session_id, "192.0.2.1", 1234)


def test_stranger_may_stay_and_is_counted_until_he_goes(house: House) -> None:
    """The parent hears of both, once."""
    outcome = house.ask(stranger())
    assert house.heard() == [(words.ASK, 1, "192.0.2.1")]
    assert outcome == []
    house.say(words.PERMIT, 1, None)
    assert outcome == [None]
    house.admission.leave(stranger())
    assert house.heard() == [(words.LEFT, "192.0.2.1")]


@pytest.mark.parametrize(
    ("too_much", "reply"),
    [("address", TOO_MANY_FROM_ADDRESS), ("network", TOO_MANY_FROM_NETWORK)],
)
def test_stranger_who_may_not_stay_hears_why(house: House, too_much: str, reply: Reply) -> None:
    """And is not counted, so that nobody hears of his end."""
    outcome = house.ask(stranger())
    house.heard()
    house.say(words.PERMIT, 1, too_much)
    [refused] = outcome
    assert isinstance(refused, Refused)
    assert refused.reply is reply
    house.admission.leave(stranger())
    assert house.heard() == []


def test_stranger_who_has_gone_meanwhile_is_counted_no_more(house: House) -> None:
    """The parent counts him with its answer."""
    outcome = house.ask(stranger())
    house.admission.leave(stranger())
    assert house.heard() == [(words.ASK, 1, "192.0.2.1")]
    house.say(words.PERMIT, 1, None)
    assert house.heard() == [(words.LEFT, "192.0.2.1")]
    assert outcome == []


def test_nobody_asks_about_who_is_trusted_or_has_no_address(house: House) -> None:
    """No budget holds for them."""
    for client in (Client("s", "127.0.0.1", 1, trusted=True), Client("t")):
        house.admission.enter(client)
        assert house.admission.permit(client) is None
        house.admission.leave(client)
    assert house.heard() == []


def test_sign_of_life_tells_and_hears_of_sessions(house: House) -> None:
    """Those of others count, as far as all sessions go."""
    house.say(words.PULSE, 10)
    assert house.heard() == [(words.PULSE, 3, [], {"messages": 1})]
    assert house.admission.refusal(Client("s", "127.0.0.1", 1, trusted=True)) is TOO_BUSY
    house.say(words.PULSE, 9)
    assert house.admission.refusal(stranger()) is None


def test_change_is_made_and_answered(house: House) -> None:
    """With what is wrong."""
    house.say(words.CHANGE, "other")
    assert house.changed == ["other"]
    assert house.heard() == [(words.CHANGED, "no")]


def test_word_that_is_not_known_is_logged(house: House) -> None:
    """Nothing else comes of it."""
    with logged_failures():
        house.say("dance")
    assert house.heard() == []


def test_end_of_the_parent_is_the_end(house: House) -> None:
    """Who waits for its answer is turned away, and so is who comes now."""
    outcome = house.ask(stranger("one"))
    house.line.connectionLost()
    outcome += house.ask(stranger("two"))
    assert [refused.reply for refused in outcome if isinstance(refused, Refused)] == [TOO_BUSY] * 2
    house.advance(0)
    assert house.orphaned == 1
    house.admission.leave(stranger("one"))


def test_end_of_the_line_is_no_news_to_one_that_stops(house: House) -> None:
    """It stops already."""
    house.parent.stopService()
    house.line.connectionLost()
    house.advance(LOOK)
    assert house.orphaned == 0


def test_worker_waits_for_an_heir(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves strangers, too, until it is ended; or its parent is, whatever program that was."""
    house.say(words.HEIR)
    assert house.heard() == [(words.HEIR,)]
    outcome = house.ask(stranger("one"))  # whom the parent does not come to answer any more
    house.line.connectionLost()
    assert outcome == [None]
    assert house.ask(stranger("two")) == [None]
    house.admission.leave(stranger("one"))
    house.admission.leave(stranger("two"))
    house.pump([LOOK] * 1000)
    assert house.orphaned == 0
    other = os.getppid() + 1
    monkeypatch.setattr("os.getppid", lambda: other)
    house.advance(LOOK)
    house.advance(0)
    assert house.orphaned == 1


def test_worker_that_is_ended_waits_no_more(house: House) -> None:
    """The heir has ended it."""
    house.say(words.HEIR)
    house.line.connectionLost()
    house.parent.stopService()
    assert house.getDelayedCalls() == []


def test_parent_that_stays_is_one_to_follow(house: House) -> None:
    """It could not give way, and asks for signs of life again."""
    house.say(words.HEIR)
    house.say(words.PULSE, 0)
    house.line.connectionLost()
    house.advance(0)
    assert house.orphaned == 1
