"""Clients who may not come in: how many there may be, and who has a say in it."""

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from gomail.answers import Answer
from gomail.envelope import Client
from gomail.events import Refusal, SessionEnded
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reply import TOO_MANY_FROM_ADDRESS, Refused
from gomail.smtp.admission import Admission
from gomail.smtp.factory import TurnedAway
from gomail.smtp.patience import CLOSE_TIME
from tests.smtp.porch import STRANGER, Porch
from tests.smtp.wire import Wire


def test_e5_client_beyond_the_limit_is_turned_away() -> None:
    """421 and the end, told to the log as a refusal; when another goes it may come."""
    porch = Porch(limits=Limits(sessions_per_address=1))
    inside = porch.connect()
    outside = porch.connect()
    assert outside.disconnected
    (said,) = outside.sent
    assert said.startswith(b"421 4.7.0 Too many sessions from your address [")
    refusal = porch.events[-1]
    assert isinstance(refusal, Refusal)
    assert refusal.client.session_id.encode() in said
    assert not [event for event in porch.events if isinstance(event, SessionEnded)]
    assert porch.factory.sessions == 1
    porch.say(outside, "EHLO client.example")
    assert outside.sent == [said]
    inside.lose(ConnectionDone())
    assert porch.connect().sent[0].startswith(b"220")
    porch.clock.advance(CLOSE_TIME)


def test_listeners_may_share_their_admission() -> None:
    """What is open on one port counts on the other."""
    admission = Admission(Limits(sessions=1))
    first, second = Porch(admission=admission), Porch(admission=admission)
    first.connect()
    assert second.connect().sent[0].startswith(b"421")


class Shared(Admission):
    """An admission in which somebody else has a say, later."""

    shared = True

    def __init__(self) -> None:
        super().__init__(DEFAULT_LIMITS)
        self.asked: list[Deferred[None]] = []

    def permit(self, client: Client) -> Answer[None]:
        """Ask."""
        self.asked.append(Deferred())
        return self.asked[-1]


def test_stranger_is_greeted_when_somebody_else_permits_it() -> None:
    """Not before; and the delivery is asked behind that."""
    admission = Shared()
    porch = Porch(admission=admission)
    wire = porch.connect()
    assert wire.sent == []
    assert porch.desk.told == []
    admission.asked[0].callback(None)
    assert wire.sent[0].startswith(b"220 ")
    assert porch.desk.told == ["greeted"]


def test_stranger_whom_somebody_else_refuses_is_turned_away() -> None:
    """With that reply, and the end."""
    admission = Shared()
    porch = Porch(admission=admission)
    wire = porch.connect()
    admission.asked[0].errback(Refused(TOO_MANY_FROM_ADDRESS, "counted over all"))
    assert wire.sent[0].startswith(b"421 4.7.0 ")
    assert porch.desk.told == []
    porch.clock.advance(CLOSE_TIME)
    assert porch.factory.sessions == 0


def test_nobody_else_is_asked_about_the_trusted() -> None:
    """They are greeted at once."""
    admission = Shared()
    porch = Porch(admission=admission)
    assert porch.connect(IPv4Address("TCP", "127.0.0.1", 1)).sent[0].startswith(b"220 ")
    assert admission.asked == []


def test_turned_away_client_that_does_not_close_is_aborted() -> None:
    """Ten seconds, then the connection is gone."""
    porch = Porch(limits=Limits(sessions=0))
    wire = Wire(porch.clock)
    wire.hangs = True
    wire.protocol = porch.factory.buildProtocol(STRANGER)
    wire.protocol.makeConnection(wire)
    porch.clock.advance(CLOSE_TIME)
    porch.clock.advance(0)
    assert wire.cuts == 1
    assert wire.disconnected
    assert not porch.clock.getDelayedCalls()


def test_turned_away_client_that_never_connected_is_nothing() -> None:
    """A connection that is lost before it was made leaves no timer."""
    porch = Porch(limits=Limits(sessions=0))
    turned_away = porch.factory.buildProtocol(STRANGER)
    assert isinstance(turned_away, TurnedAway)
    turned_away.connectionLost(Failure(ConnectionDone()))
    assert not porch.clock.getDelayedCalls()


def test_who_comes_while_the_server_leaves_is_turned_away() -> None:
    """An endpoint of somebody else's may go on listening; nobody new holds up the stop."""
    porch = Porch()
    done = porch.factory.leave()
    late = porch.connect()
    assert late.sent[0].startswith(b"421 4.3.2 Shutting down")
    assert late.disconnected
    assert porch.factory.sessions == 0
    assert done.called
