"""What the service manager is told, by a real datagram socket."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, globalLogPublisher

from gomail.health import Reason, State
from gomail.server.judgement import THREAD_ENDED
from gomail.server.notice import STATUS_TIME, Notice
from gomail.server.reactor import Reactor
from tests.server.manager import House, Manager

READY = ["READY=1", "STATUS=ok, 0 sessions open"]
ALIVE = ["WATCHDOG=1"]


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """Give a manager that the environment names, with a watchdog of 20 s."""
    manager = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "20000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    yield manager
    manager.socket.close()


@pytest.fixture
def house() -> Iterator[House]:
    """Give a notice that comes to its end with the test."""
    house = House()
    yield house
    house.reactor.end()


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged meanwhile."""
    events: list[Any] = []
    observer = cast("ILogObserver", events.append)
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


def test_ready_is_said_when_the_reactor_runs(manager: Manager, house: House) -> None:
    """Who waits for us is not told of ports that nobody serves yet."""
    house.notice.startService()
    assert manager.heard() == []
    house.reactor.run()
    assert manager.heard() == [READY]


def test_life_is_told_before_all_is_ready(manager: Manager) -> None:
    """One that takes another's place is watched already; and nobody is told of it too early."""
    house, serving = House(), Deferred[None]()
    house.notice = Notice(cast("Reactor", house.reactor), lambda: 0, house.watch, serving)
    house.run()
    house.notice.reloading()
    house.notice.ready()
    manager.heard()
    house.reactor.advance(10)
    assert ALIVE in manager.heard()
    serving.callback(None)
    assert manager.heard() == [READY]
    house.reactor.end()


def test_life_is_told_at_half_of_the_time_that_the_watchdog_waits(
    manager: Manager, house: House
) -> None:
    """A sign of life comes twice in the watchdog's time, so that one may be late."""
    house.run()
    manager.heard()
    house.reactor.advance(9.9)
    assert manager.heard() == []
    house.reactor.advance(0.1)
    house.reactor.advance(10)
    assert manager.heard() == [ALIVE, ALIVE]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATCHDOG_PID", "1"),
        ("WATCHDOG_USEC", None),
        ("WATCHDOG_USEC", "0"),
        ("WATCHDOG_USEC", "soon"),
    ],
)
def test_watchdog_of_nobody_or_of_another_process_hears_nothing(
    name: str,
    value: str | None,
    manager: Manager,
    house: House,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only who is expected to give a sign of life gives one; the status is told all the same."""
    monkeypatch.delenv(name)
    if value is not None:
        monkeypatch.setenv(name, value)
    house.run()
    house.sessions = 1
    house.reactor.advance(STATUS_TIME)
    assert manager.heard() == [READY, ["STATUS=ok, 1 session open"]]


def test_status_is_told_when_it_is_news(manager: Manager, house: House) -> None:
    """The number of sessions is told now and then, and not again while it is the same."""
    house.run()
    manager.heard()
    house.sessions = 2
    house.reactor.advance(10)
    house.reactor.advance(10)
    assert manager.heard() == [["STATUS=ok, 2 sessions open"], ALIVE, ALIVE]


def test_reload_is_told_with_its_time_and_its_end(manager: Manager, house: House) -> None:
    """The manager matches the time with its own clock: microseconds of the monotonic one."""
    house.run()
    manager.heard()
    house.reactor.rightNow = 7.5
    house.notice.reloading()
    house.notice.ready()
    told = ["RELOADING=1", "MONOTONIC_USEC=7500000", "STATUS=reads the configuration"]
    assert manager.heard() == [told, READY]


def test_stop_is_told_with_the_time_that_it_takes_and_the_watchdog_hears_us_meanwhile(
    manager: Manager, house: House
) -> None:
    """Content has its time to come to an end, and nobody takes us for dead meanwhile."""
    house.run()
    house.sessions = 1
    manager.heard()
    house.notice.stopService()
    status = "STATUS=stopping, with 1 session open"
    assert manager.heard() == [["STOPPING=1", "EXTEND_TIMEOUT_USEC=36000000", status]]
    house.reactor.advance(10)
    assert manager.heard() == [ALIVE]
    house.reactor.end()
    house.reactor.advance(10)
    assert manager.heard() == []


def test_reload_that_ends_behind_the_stop_is_told_no_more(manager: Manager, house: House) -> None:
    """Who stops is not ready again."""
    house.run()
    house.notice.stopService()
    manager.heard()
    house.notice.reloading()
    house.notice.ready()
    assert manager.heard() == []


def test_dead_thread_that_stores_is_no_life(manager: Manager, house: House) -> None:
    """A server that can't store any more is started anew: the watchdog hears nothing."""
    house.run()
    manager.heard()
    house.watch.alive = False
    house.watch.see(Reason(THREAD_ENDED, State.FAILING, "the thread that stores has ended"))
    status = "STATUS=failing: the thread that stores has ended, 0 sessions open"
    assert manager.heard() == [[status]]
    house.reactor.advance(10)
    assert manager.heard() == []


def test_r10_hanging_disk_is_told_and_no_reason_to_be_killed(
    manager: Manager, house: House
) -> None:
    """What hangs in the disk would hang in the next process too; the owner must see it."""
    house.run()
    manager.heard()
    for seconds in (60, 70):
        text = f"the disk has not answered for {seconds} s"
        house.watch.see(Reason("disk-hangs", State.FAILING, text))
        assert manager.heard() == [[f"STATUS=failing: {text}, 0 sessions open"]]
        house.reactor.advance(10)
        assert manager.heard() == [ALIVE]
    house.watch.see()
    assert manager.heard() == [["STATUS=ok, 0 sessions open"]]


def test_health_that_changes_while_nobody_is_told_yet_is_told_with_ready(
    manager: Manager, house: House
) -> None:
    """The first word is that we are ready; behind the stop nothing more is told of it."""
    house.notice.startService()
    house.watch.see(Reason("lag", State.DEGRADED, "late"))
    assert manager.heard() == []
    house.reactor.run()
    assert manager.heard() == [["READY=1", "STATUS=degraded: late, 0 sessions open"]]
    house.notice.stopService()
    manager.heard()
    house.watch.see()
    assert manager.heard() == []


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_told_where_nobody_listens(
    value: str | None, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a service manager there is no socket, no clock and no word."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if value is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", value)
    house.run()
    house.notice.reloading()
    house.notice.ready()
    house.notice.stopService()
    assert house.reactor.getDelayedCalls() == []
    assert house.reactor.ended == []


def test_abstract_address_is_understood(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that begins with @ is a name without a file, as containers use them."""
    name = f"gomail-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    house.run()
    assert manager.heard() == [READY]
    manager.socket.close()


def test_manager_that_is_gone_costs_one_line_and_nothing_else(
    manager: Manager, house: House, logged: list[Any]
) -> None:
    """What can't be told is logged once; the mail goes on."""
    manager.socket.close()
    house.run()
    house.reactor.pump([10] * 5)
    house.notice.stopService()
    assert len([event for event in logged if "manager" in str(event.get("log_format"))]) == 1


def test_stop_before_the_first_turn_leaves_nothing_behind(manager: Manager, house: House) -> None:
    """A start that is broken off ends like any other."""
    house.notice.startService()
    house.notice.stopService()
    house.reactor.end()
    house.reactor.run()
    assert [lines[0] for lines in manager.heard()] == ["STOPPING=1"]
