"""Many descriptors as one of the reactor's: real sockets, and a reactor that only keeps lists."""

import select
import socket
from collections.abc import Callable, Iterator

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHalfCloseableDescriptor,
    IReactorFDSet,
    IReadDescriptor,
    IWriteDescriptor,
)
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer
from zope.interface.verify import verifyObject

from gomail.server.crowd import Crowd, crowd_of
from tests.server.lists import Lists
from tests.smtp.wire import logged_failures

Deed = Callable[[], BaseException | None]


@implementer(IReadDescriptor, IWriteDescriptor)
class Member:
    """A socket, of which is noted what it was called for; what it does then is a test's."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.calls: list[object] = []
        self.reads: Deed = lambda: None
        self.writes: Deed = lambda: None

    def fileno(self) -> int:
        """Give its number."""
        return self.ours.fileno()

    def logPrefix(self) -> str:
        """Give its name."""
        return "member"

    def doRead(self) -> BaseException | None:  # type: ignore[override]  # as Twisted does
        """Read."""
        self.calls.append(self.ours.recv(100))
        return self.reads()

    def doWrite(self) -> BaseException | None:  # type: ignore[override]  # the same
        """Write nothing."""
        self.calls.append("write")
        return self.writes()

    def connectionLost(self, reason: Failure) -> None:
        """Note why."""
        self.calls.append(reason.type)

    def readConnectionLost(self, reason: Failure) -> None:
        """Note that it is half of it."""
        self.calls.append("half")


class House:
    """A crowd, its reactor, and those who are in it."""

    def __init__(self) -> None:
        self.reactor = Lists()
        self.crowd = Crowd(self.reactor)  # type: ignore[arg-type]  # a short one
        self.members: list[Member] = []

    def member(self, *, reads: bool = True, writes: bool = False) -> Member:
        """Have one more."""
        member = Member()
        self.members.append(member)
        if reads:
            self.crowd.addReader(member)
        if writes:
            self.crowd.addWriter(member)
        return member

    def close(self) -> None:
        """Leave nothing open."""
        self.crowd.removeAll()
        for member in self.members:
            member.ours.close()
            member.theirs.close()


@pytest.fixture
def house() -> Iterator[House]:
    """Give one."""
    made = House()
    yield made
    made.close()


def fail() -> None:
    """Do what no code should."""
    raise ZeroDivisionError


def test_it_is_a_descriptor_and_a_reactor(house: House) -> None:
    """The one for the reactor, the other for its members."""
    verifyObject(IReadDescriptor, house.crowd)
    verifyObject(IReactorFDSet, house.crowd)
    assert house.crowd.logPrefix() == "sessions"


def test_there_is_a_list_while_there_is_somebody_in_it(house: House) -> None:
    """Then the reactor looks at it, and an empty server has no descriptor more than before."""
    assert house.crowd.fileno() == -1
    first, second = house.member(), house.member(writes=True)
    assert house.reactor.readers == {house.crowd}
    assert select.select([house.crowd], [], [], 0)[0] == [house.crowd]
    assert house.crowd.getReaders() == [first, second]
    assert house.crowd.getWriters() == [second]
    house.crowd.removeReader(first)
    house.crowd.removeReader(second)
    assert house.reactor.readers == {house.crowd}
    house.crowd.removeWriter(second)
    assert house.reactor.readers == set()
    assert house.crowd.fileno() == -1
    house.crowd.addReader(first)
    assert house.reactor.readers == {house.crowd}


def test_who_is_ready_is_called(house: House) -> None:
    """Nobody else, and each for what he waits for alone, however often he has said so."""
    reader, writer, idle = house.member(), house.member(reads=False, writes=True), house.member()
    both = house.member(writes=True)
    house.crowd.addReader(both)
    for member in (reader, writer, both):
        member.theirs.send(b"x")
    house.crowd.doRead()
    assert (reader.calls, writer.calls, idle.calls) == ([b"x"], ["write"], [])
    assert both.calls == [b"x", "write"]
    house.crowd.removeWriter(both)
    house.crowd.removeWriter(both)
    both.theirs.send(b"y")
    house.crowd.doRead()
    assert both.calls == [b"x", "write", b"y"]


@pytest.mark.parametrize("writes", [False, True])
def test_what_came_is_read_before_the_end(house: House, *, writes: bool) -> None:
    """A peer may say its last word and leave; who waits to write hears of the end as well."""
    member = house.member(writes=writes)
    member.theirs.send(b"bye")
    member.theirs.close()
    member.reads = lambda: None if member.calls[-1] else CONNECTION_DONE
    while house.reactor.readers:
        house.crowd.doRead()
    read = [call for call in member.calls if call != "write"]
    assert read == [b"bye", b"", ConnectionDone]


def test_end_of_one_who_does_not_read_is_a_loss(house: House) -> None:
    """He could not know what he has missed."""
    member = house.member(reads=False, writes=True)
    member.theirs.close()
    house.crowd.doRead()
    assert member.calls == [ConnectionLost]
    assert house.reactor.readers == set()


def test_end_with_nothing_to_be_read_is_told_at_once(house: House) -> None:
    """The kernel may say that a socket is gone, and not that there is something to read."""
    with socket.socket() as unconnected:  # which the kernel calls hung up, and that alone
        member = Member()
        member.ours.close()
        member.ours = unconnected
        house.members.append(member)
        house.crowd.addReader(member)
        house.crowd.doRead()
    assert member.calls == [ConnectionDone]


def test_peer_may_close_half(house: House) -> None:
    """Who can bear that is told so, and goes on to be called for his writes."""
    member = house.member(writes=True)
    directlyProvides(member, IHalfCloseableDescriptor)
    member.reads = lambda: CONNECTION_DONE
    member.theirs.send(b"x")
    house.crowd.doRead()
    assert member.calls == [b"x", "write", "half"]
    assert house.crowd.getReaders() == []
    assert house.crowd.getWriters() == [member]
    member.reads = lambda: CONNECTION_LOST
    house.crowd.addReader(member)
    member.theirs.send(b"y")
    house.crowd.doRead()
    assert member.calls[3:] == [b"y", ConnectionLost]


@pytest.mark.parametrize("end", [None, CONNECTION_LOST])
def test_what_waits_is_written_before_the_end_of_the_peers_octets_is_told(
    house: House, end: BaseException | None
) -> None:
    """It may be what he waits for; whether it goes out is no matter, as he sends no more."""
    member = house.member(writes=True)
    member.reads, member.writes = lambda: CONNECTION_DONE, lambda: end
    member.theirs.shutdown(socket.SHUT_WR)
    house.crowd.doRead()
    assert member.calls == [b"", "write", ConnectionDone]


@pytest.mark.parametrize("writes", [False, True])
def test_fault_costs_one_connection(house: House, *, writes: bool) -> None:
    """It is logged and ended; the others are called all the same."""
    faulty, sound = house.member(writes=writes), house.member()
    faulty.reads = fail
    for member in (faulty, sound):
        member.theirs.send(b"x")
    with logged_failures() as failures:
        house.crowd.doRead()
    assert [event["log_failure"].type for event in failures] == [ZeroDivisionError]
    assert faulty.calls == [b"x", ZeroDivisionError]
    assert sound.calls == [b"x"]
    assert house.crowd.getReaders() == [sound]


def test_fault_of_writing_costs_one_connection(house: House) -> None:
    """It is the same."""
    faulty = house.member(reads=False, writes=True)
    faulty.writes = fail
    with logged_failures() as failures:
        house.crowd.doRead()
    assert len(failures) == 1
    assert faulty.calls == ["write", ZeroDivisionError]


def test_one_may_end_another(house: House) -> None:
    """Who was ready, and is gone before it is his turn, is not called."""
    members = [house.member(), house.member()]

    def end_all() -> None:
        for member in members:
            house.crowd.removeReader(member)

    for member in members:
        member.reads = end_all
        member.theirs.send(b"x")
    house.crowd.doRead()
    assert sorted(map(len, (member.calls for member in members))) == [0, 1]


def test_who_has_closed_his_socket_can_leave(house: House) -> None:
    """His number may be another one's by then; who was never in the crowd changes nothing."""
    member, other = house.member(writes=True), Member()
    house.members.append(other)
    member.ours.close()
    house.crowd.removeReader(member)
    house.crowd.removeWriter(member)
    other.ours.close()
    house.crowd.removeReader(other)
    assert house.reactor.readers == set()


def test_everybody_hears_that_the_reactor_ends(house: House) -> None:
    """As from the reactor itself."""
    members = [house.member(), house.member(writes=True)]
    house.crowd.connectionLost(Failure(CONNECTION_LOST))
    assert [member.calls for member in members] == [[ConnectionLost]] * 2
    assert house.reactor.readers == set()


def test_time_is_the_reactors() -> None:
    """What is to be called later is."""
    clock = Clock()
    called: list[int] = []
    call = Crowd(clock).callLater(1, called.append, 1)  # type: ignore[arg-type]  # without descriptors
    clock.advance(1)
    assert (called, call.called) == ([1], 1)  # type: ignore[attr-defined]


def test_real_reactor_is_taken_where_there_is_no_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    """On systems that are not Linux, all is as Twisted has it."""
    reactor = Lists()
    assert isinstance(crowd_of(reactor), Crowd)  # type: ignore[arg-type]
    monkeypatch.delattr(select, "epoll")
    assert crowd_of(reactor) is reactor  # type: ignore[arg-type, comparison-overlap]
