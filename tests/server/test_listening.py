"""The listening service: who waits for whom when it leaves, and for how long at most."""

from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.task import Clock

from gomail.server.listening import DRAIN_TIME, RETIRE_LOOK, RETIRE_TIME, STOP_TIME, Listening
from gomail.server.ports import Port
from gomail.server.reactor import Reactor
from gomail.server.sockets import PortError
from gomail.smtp.factory import SMTPFactory


class Door:
    """A port that is listened on; it closes when the test says so, or at once."""

    def __init__(self, told: list[str], *, at_once: bool = False) -> None:
        self._told = told
        self.closed: Deferred[None] | None = None if at_once else Deferred()

    def stopListening(self) -> Deferred[None] | None:
        """Close."""
        self._told.append("closing")
        return self.closed


class Endpoint:
    """An endpoint of Twisted's; or one that can't listen."""

    def __init__(self, door: Door | None) -> None:
        self._door = door

    def listen(self, _factory: object) -> Deferred[Any]:
        """Listen."""
        done: Deferred[Any] = Deferred()
        if self._door is None:
            done.errback(CannotListenError("unix", "/run/s", OSError("in use")))
        else:
            done.callback(self._door)
        return done


class Sessions:
    """A factory, whose sessions end when the test says so."""

    def __init__(self, told: list[str]) -> None:
        self._told = told
        self.left: Deferred[None] = Deferred()
        self.sessions = 1

    def leave(self) -> Deferred[None]:
        """Ask the sessions to end."""
        self._told.append("leaving")
        return self.left

    def abort(self) -> None:
        """Drop them."""
        self._told.append("aborting")
        if not self.left.called:
            self.left.callback(None)


class House:
    """A service that listens, on a clock that stands."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.told: list[str] = []
        self.door = Door(self.told)
        self.sessions = Sessions(self.told)
        self.finished: Deferred[None] = Deferred()
        port = Port("unix:s", twisted=Endpoint(self.door))  # type: ignore[arg-type]
        self.service = Listening(
            cast("Reactor", self.clock),
            [(port, cast("SMTPFactory", self.sessions))],
            self.finish,
            lambda: self.told.append("abandoning"),
        )
        self.service.privilegedStartService()
        self.service.startService()
        self.stopped: list[object] = []

    def finish(self) -> Deferred[None]:
        """Wait for the disk."""
        self.told.append("finishing")
        return self.finished

    def stop(self) -> None:
        """Stop the service."""
        self.service.stopService().addCallback(self.stopped.append)

    def close_port(self) -> None:
        """Let the port be closed."""
        assert self.door.closed is not None
        self.door.closed.callback(None)


@pytest.fixture
def house() -> House:
    """Give a service that listens."""
    return House()


def test_port_sessions_and_disk_in_that_order(house: House) -> None:
    """Nobody new comes in, the sessions end, the disk has everything; no timer is left."""
    house.stop()
    assert house.told == ["closing"]
    house.close_port()
    assert house.told == ["closing", "leaving"]
    house.sessions.left.callback(None)
    assert house.told == ["closing", "leaving", "finishing"]
    assert house.stopped == []
    house.finished.callback(None)
    assert house.stopped == [None]
    assert house.clock.getDelayedCalls() == []


def test_sessions_that_do_not_end_are_dropped(house: House) -> None:
    """After the drain time connections are dropped, and the disk is still waited for."""
    house.stop()
    house.close_port()
    house.clock.advance(DRAIN_TIME - 1)
    assert "aborting" not in house.told
    house.clock.advance(1)
    assert house.told[-2:] == ["aborting", "finishing"]
    assert house.stopped == []
    house.finished.callback(None)
    assert house.stopped == [None]


def test_r10_disk_that_hangs_is_left_behind(house: House) -> None:
    """After the stop time the service counts as stopped, whatever comes later."""
    house.stop()
    house.close_port()
    house.sessions.left.callback(None)
    house.clock.advance(STOP_TIME)
    assert house.stopped == [None]
    house.finished.callback(None)
    assert house.stopped == [None]


def test_port_that_does_not_close_is_left_behind(house: House) -> None:
    """Nothing keeps the service for longer than it says."""
    house.stop()
    house.clock.advance(STOP_TIME)
    assert house.stopped == [None]


def test_fault_while_leaving_does_not_keep_it(house: House) -> None:
    """Where the last words fail, the service is stopped all the same."""
    house.stop()
    house.close_port()
    house.sessions.left.errback(ZeroDivisionError())
    house.finished.errback(ZeroDivisionError())
    assert house.stopped == [None]
    assert house.clock.getDelayedCalls() == []


def test_drain_ends_before_the_stop() -> None:
    """Whoever is dropped at the end has four seconds for the disk; systemd kills after 90."""
    assert DRAIN_TIME + 4 <= STOP_TIME < 35


def test_port_that_closes_at_once_is_fine() -> None:
    """Twisted may answer with nothing."""
    house = House()
    house.door.closed = None
    house.stop()
    assert house.told == ["closing", "leaving"]


def test_service_that_takes_too_long_is_abandoned(house: House) -> None:
    """What is not stored by then is not stored behind everybody's back."""
    house.stop()
    house.clock.advance(STOP_TIME - 0.1)
    assert "abandoning" not in house.told
    house.clock.advance(0.1)
    assert house.told[-1] == "abandoning"
    assert house.stopped == [None]


def only_listening(port: Port, told: list[str]) -> Listening:
    """Give a service that has nothing to store."""
    sessions = cast("SMTPFactory", Sessions(told))
    return Listening(cast("Reactor", Clock()), [(port, sessions)], Deferred, lambda: None)


def test_service_that_is_only_started_listens() -> None:
    """Who has no rights to drop need not know of `privilegedStartService`."""
    told: list[str] = []
    port = Port("unix:s", twisted=cast("IStreamServerEndpoint", Endpoint(Door(told))))
    service = only_listening(port, told)
    service.startService()
    service.stopService()
    assert told == ["closing"]


def test_endpoint_that_cannot_listen_is_told() -> None:
    """What Twisted finds out only now is one line, with the endpoint in it."""
    port = Port("unix:/run/s", twisted=Endpoint(None))  # type: ignore[arg-type]
    told: list[str] = []
    service = only_listening(port, told)
    with pytest.raises(PortError, match=r"^unix:/run/s: "):
        service.privilegedStartService()


def test_sessions_may_end_by_themselves_where_somebody_else_has_the_ports(house: House) -> None:
    """The ports are closed, and nobody is asked to leave."""
    retired = Deferred.fromCoroutine(house.service.retire())
    house.close_port()
    house.clock.advance(RETIRE_LOOK)
    house.clock.advance(RETIRE_LOOK)
    assert not retired.called
    house.sessions.sessions = 0
    house.clock.advance(RETIRE_LOOK)
    assert retired.called
    assert house.told == ["closing"]
    house.stop()
    assert house.told == ["closing", "leaving"]


def test_sessions_that_do_not_end_by_themselves_are_not_waited_for(house: House) -> None:
    """Beyond a time; whoever stops the service asks them then."""
    retired = Deferred.fromCoroutine(house.service.retire())
    house.close_port()
    for _ in range(int(RETIRE_TIME / RETIRE_LOOK) + 1):
        house.clock.advance(RETIRE_LOOK)
    assert retired.called
    assert house.told == ["closing"]
