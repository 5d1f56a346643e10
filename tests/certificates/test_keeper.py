"""Certificates that change while the server runs."""

from datetime import timedelta
from pathlib import Path

import pytest
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface.verify import verifyObject

from gomail.certificates.keeper import CHANGE_TIME, STOP_TIME, Keeper, world_time
from gomail.certificates.pair import Pair
from gomail.certificates.served import serve
from gomail.certificates.wanted import Files, Wanted
from gomail.events import CertificateChanged
from tests.certificates.keeping import House
from tests.certificates.pairs import MX, NOW, Handshake, pair, with_other_key, written


def test_keeper_is_what_twisted_asks_for_connections(house: House, old: Pair) -> None:
    """TLS in memory, as the dialogue starts it, gets its connection from here."""
    assert verifyObject(IOpenSSLServerConnectionCreator, house.keeper)
    factory = TLSMemoryBIOFactory(
        house.keeper,
        False,
        Factory.forProtocol(Protocol),
    )
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(StringTransport())
    connection = protocol._tlsConnection
    assert Handshake(connection).certificate == old.certificate


def test_nothing_happens_while_nothing_changes(house: House, old: Pair) -> None:
    """However often it looks."""
    house.look(100)
    assert house.events == []
    assert house.shows(old)


def test_reload_is_at_once_and_tells_at_once(house: House, tmp_path: Path) -> None:
    """SIGHUP doesn't wait for a second look: whoever sends it has done his work."""
    wanted = Wanted(MX, files=(written(tmp_path, new := pair()),))
    house.keeper.change(wanted.files, session_tickets=False)
    assert house.shows(new)
    written(tmp_path, with_other_key(new))
    house.keeper.change(wanted.files, session_tickets=False)
    assert house.shows(new)
    assert len(house.troubles) == 1
    house.keeper.change(wanted.files, session_tickets=False)
    assert len(house.troubles) == 2
    house.look(5)
    assert len(house.troubles) == 2


def test_reload_of_what_is_there_changes_nothing(house: House, files: Files) -> None:
    """No event, no other context."""
    context = house.keeper.served.context
    house.keeper.change((files,), session_tickets=False)
    assert house.events == []
    assert house.keeper.served.context is context


def test_other_files_are_in_force_after_a_reload(house: House, tmp_path: Path, old: Pair) -> None:
    """And watched from then on, though they were broken at first."""
    new = pair()
    files = written(tmp_path, with_other_key(new), "new")
    house.keeper.change((files,), session_tickets=False)
    assert house.shows(old)
    assert len(house.troubles) == 1
    written(tmp_path, new, "new")
    house.look()
    assert house.shows(new)


def test_session_tickets_change_with_a_reload(house: House, files: Files) -> None:
    """The same pair, another context."""
    context = house.keeper.served.context
    house.keeper.change((files,), session_tickets=True)
    assert house.keeper.served.context is not context


def test_files_may_give_way_to_a_self_signed_pair(files: Files, tmp_path: Path) -> None:
    """And the other way round."""
    house = House(Wanted(MX, str(tmp_path / "state"), (files,)))
    house.keeper.change((), session_tickets=False)
    own = house.keeper.served.pairs[0]
    assert own.self_signed
    assert house.shows(own)
    house.look(3)
    house.keeper.change((written(tmp_path, new := pair()),), session_tickets=False)
    assert house.shows(new)
    assert house.troubles == []


def test_looks_do_not_overlap_and_end_with_the_service(house: House, tmp_path: Path) -> None:
    """A disk that hangs delays the next look; stopping waits for the one under way."""
    house.waiting = []
    written(tmp_path, new := pair())
    house.look(10)
    (work,) = house.waiting
    changed = house.keeper.change((), session_tickets=False)
    stopped = house.keeper.stopService()
    assert not stopped.called
    assert not changed.called
    house.waiting = None
    work()
    assert stopped.called
    assert changed.called
    assert new.serial in [e.serial for e in house.events if isinstance(e, CertificateChanged)]
    assert house.clock.getDelayedCalls() == []


def test_disk_that_hangs_holds_up_the_stop_for_a_while(house: House) -> None:
    """What it may say later is no matter any more."""
    house.waiting = []
    house.look()
    stopped = house.keeper.stopService()
    house.clock.advance(STOP_TIME)
    assert stopped.called
    house.waiting.pop()()
    assert house.clock.getDelayedCalls() == []


def test_disk_that_hangs_holds_up_a_reload_for_a_while(house: House, tmp_path: Path) -> None:
    """That is told, and what it says when it comes back is in force all the same."""
    house.waiting = []
    house.look()
    (work,) = house.waiting
    files = written(tmp_path, new := pair())
    changed = [house.keeper.change((files,), session_tickets=False) for _ in range(2)]
    house.clock.advance(CHANGE_TIME)
    assert [each.called for each in changed] == [True, True]
    assert len(house.troubles) == 2
    assert "stays in force: nothing could be read within 30 s" in house.troubles[0]
    house.waiting = None
    work()
    assert house.shows(new)
    house.look(2)
    assert len(house.troubles) == 2


def test_stopped_keeper_looks_no_more(house: House) -> None:
    """Nothing of it is left in the reactor."""
    house.keeper.stopService()
    assert house.clock.getDelayedCalls() == []


def test_keeper_that_never_started_can_be_stopped(files: Files) -> None:
    """As a server that failed to."""
    wanted = Wanted(MX, files=(files,))
    keeper = Keeper(serve(wanted, NOW), wanted, Clock(), pytest.fail)  # type: ignore[arg-type]
    assert keeper.stopService().called


def test_look_that_fails_is_logged_and_not_the_last(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours costs no session, and the next look is made all the same."""
    logged: list[str] = []

    def observe(event: dict[str, object]) -> None:
        logged.append(str(event.get("log_format")))

    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
    with monkeypatch.context() as patched:
        patched.setattr("gomail.certificates.keeper.newer", lambda *_: 1 / 0)
        house.look(2)
    globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]
    assert logged.count("the certificates can't be looked at") == 2
    written(tmp_path, new := pair())
    house.look()
    assert house.shows(new)


def test_world_time_is_of_the_world() -> None:
    """It knows its zone, as the times in certificates do."""
    assert world_time().utcoffset() == timedelta()
