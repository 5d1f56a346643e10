"""Certificates that change while the server runs."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface.verify import verifyObject

from gomail.certificates.keeper import LOOK_TIME, STOP_TIME, Keeper, world_time
from gomail.certificates.own import LIFETIME, RENEWED
from gomail.certificates.pair import Pair
from gomail.certificates.served import Doubt, serve
from gomail.certificates.wanted import Files, Wanted
from gomail.events import CertificateChanged, Event, Trouble
from tests.certificates.pairs import (
    MX,
    NOW,
    Handshake,
    chain_of,
    key_of,
    pair,
    with_other_key,
    written,
)
from tests.thorough import often


class House:
    """A keeper with a clock, and all that it tells."""

    def __init__(self, wanted: Wanted, *, doubt: Doubt | None = None) -> None:
        self.clock = Clock()
        self.began = NOW
        self.events: list[Event] = []
        self.keeper = Keeper(
            serve(wanted, NOW),
            wanted,
            self.clock,
            self.off_reactor,  # type: ignore[arg-type]  # of one function after the other
            listeners=(self.events.append,),
            doubt=doubt,
            now=self.now,
        )
        self.waiting: list[Callable[[], None]] | None = None
        self.keeper.startService()

    def now(self) -> datetime:
        """Give the time of the world."""
        return self.began + timedelta(seconds=self.clock.seconds())

    def off_reactor(self, function: Callable[..., object], *how: object) -> Awaitable[object]:
        """Run what blocks at once; or when the test says so."""
        if self.waiting is None:
            return succeed(function(*how))
        done: Deferred[object] = Deferred()
        self.waiting.append(lambda: done.callback(function(*how)))
        return done

    def look(self, times: int = 1) -> None:
        """Let the keeper look."""
        for _ in range(times):
            self.clock.advance(LOOK_TIME)

    @property
    def troubles(self) -> list[str]:
        """What needed attention."""
        return [event.what for event in self.events if isinstance(event, Trouble)]

    def shows(self, each: Pair, name: str | None = None) -> bool:
        """Tell whether a new client is shown that certificate."""
        return self.shaken(name).certificate == each.certificate

    def shaken(self, name: str | None = None) -> Handshake:
        """Let a new client shake hands."""
        return Handshake(self.keeper.serverConnectionForTLS(None), name)  # type: ignore[arg-type]


@pytest.fixture
def old() -> Pair:
    """Give the pair that is there at first."""
    return pair()


@pytest.fixture
def files(tmp_path: Path, old: Pair) -> Files:
    """Give the files in which it lies."""
    return written(tmp_path, old)


@pytest.fixture
def house(files: Files) -> House:
    """Give a keeper that has it."""
    return House(Wanted(MX, files=(files,)))


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


def test_renewed_certificate_is_in_force_within_5_seconds(
    house: House, tmp_path: Path, old: Pair
) -> None:
    """It is told with its names, its end and its number; sessions under way keep theirs."""
    session = house.shaken()
    new = pair(MX, "mx.example.net")
    written(tmp_path, new)
    assert house.shows(old)
    house.look()
    assert house.shows(new)
    assert house.events == [CertificateChanged((MX, "mx.example.net"), new.ends, new.serial)]
    assert session.certificate == old.certificate
    session.client.send(b"still here")
    session.server.bio_write(session.client.bio_read(65536))
    assert session.server.recv(100) == b"still here"


def test_p11_handshake_that_has_begun_keeps_its_certificate(
    house: House, tmp_path: Path, old: Pair
) -> None:
    """The swap falls between its two halves."""
    connection = house.keeper.serverConnectionForTLS(None)  # type: ignore[arg-type]
    written(tmp_path, pair())
    house.look()
    assert Handshake(connection).certificate == old.certificate


def test_half_way_renewal_does_not_cry_wolf(house: House, files: Files, old: Pair) -> None:
    """The certificate is written a moment before the key, and we look in between."""
    new = pair()
    Path(files.certificate).write_bytes(chain_of(new))
    house.look()
    assert house.shows(old)
    Path(files.key).write_bytes(key_of(new))
    house.look()
    assert house.shows(new)
    assert house.troubles == []


BREAK: dict[str, Callable[[Files], object]] = {
    "other key": lambda files: written(Path(files.key).parent, with_other_key(pair())),
    "half a key": lambda files: Path(files.key).write_bytes(key_of(pair())[:100]),
    "half a chain": lambda files: Path(files.certificate).write_bytes(chain_of(pair())[:700]),
    "nothing": lambda files: Path(files.certificate).write_bytes(b""),
    "no key": lambda files: Path(files.key).unlink(),
}


@pytest.mark.parametrize("break_it", BREAK.values(), ids=BREAK)
def test_p11_broken_pair_keeps_the_old_and_is_told_once(
    house: House, files: Files, old: Pair, break_it: Callable[[Files], object]
) -> None:
    """At the second look, with the reason; when it is mended, the new one is in force."""
    break_it(files)
    house.look()
    assert house.events == []
    house.look(10)
    (told,) = house.troubles
    assert told.startswith(f"the certificate of {MX} stays in force: ")
    assert str(Path(files.key).parent) in told
    assert house.shows(old)
    new = pair()
    written(Path(files.key).parent, new)
    house.look()
    assert house.shows(new)
    break_it(files)
    house.look(2)
    assert len(house.troubles) == 2


def test_another_broken_pair_is_told_again(house: House, tmp_path: Path) -> None:
    """Whoever tries to mend it, in vain, hears so."""
    for number in (1, 2):
        written(tmp_path, with_other_key(pair()))
        house.look(3)
        assert len(house.troubles) == number


def test_what_is_mended_by_the_old_pair_is_no_trouble_any_more(
    house: House, files: Files, old: Pair, tmp_path: Path
) -> None:
    """Putting back what was there is no change; breaking it again is another trouble."""
    for number in (1, 2):
        Path(files.key).write_bytes(b"")
        house.look(2)
        assert len(house.troubles) == number
        written(tmp_path, old)
        house.look()
    assert not [event for event in house.events if isinstance(event, CertificateChanged)]


def test_p11_a_thousand_swaps_half_of_them_broken(house: House, tmp_path: Path, old: Pair) -> None:
    """After each, the newest whole pair is shown, by all that is in memory of it."""
    chance = random.Random(11)
    pairs = [pair() for _ in range(20)]
    shown = old
    for number in range(often(200, 1000)):
        each = chance.choice(pairs)
        files = written(tmp_path, each)
        if number % 2:
            chance.choice(list(BREAK.values()))(files)
        else:
            shown = each
        house.look(chance.choice([1, 2]))
        assert house.shows(shown)
    assert len(house.troubles) <= 500


def test_sni_pairs_change_too(tmp_path: Path) -> None:
    """A broken one of them keeps all of the old ones."""
    first, second = pair(), pair("mx.example.net")
    wanted = Wanted(MX, files=(written(tmp_path, first, "a"), written(tmp_path, second, "b")))
    house = House(wanted)
    assert house.shows(second, "mx.example.net")
    new = pair("mx.example.net")
    written(tmp_path, new, "b")
    house.look()
    assert house.shows(new, "mx.example.net")
    assert house.shows(first, "other.example")
    written(tmp_path, with_other_key(new), "b")
    written(tmp_path, pair(), "a")
    house.look(2)
    assert house.shows(first)
    assert len(house.troubles) == 1


def test_p12_expired_and_future_certificates_are_served_and_told(
    house: House, tmp_path: Path
) -> None:
    """Mail goes on, encrypted."""
    ended = pair(ends=NOW - timedelta(days=1))
    written(tmp_path, ended)
    house.look(5)
    assert house.shows(ended)
    future = pair(begins=NOW + timedelta(days=1))
    written(tmp_path, future)
    house.look(5)
    assert house.shows(future)
    assert len(house.troubles) == 2
    assert "has ended on" in house.troubles[0]
    assert "is the clock right?" in house.troubles[1]


def test_p12_end_is_told_with_what_keeps_the_newer_one_away(house: House, files: Files) -> None:
    """The owner reads in one line what will happen, and why."""
    Path(files.key).unlink()
    house.look(2)
    house.clock.advance(70 * 24 * 3600)
    house.look()
    assert house.troubles[1] == (
        f"the certificate of {MX} ends in 9 days, on 2026-08-20 12:00 UTC; "
        f"the key {files.key} can't be read: No such file or directory"
    )


def test_what_was_said_at_the_start_is_not_said_again(files: Files) -> None:
    """A key that only root could read is known not to be readable; SIGHUP says so, though."""
    wanted = Wanted(MX, files=(files,))
    why = f"the key {files.key} can't be read: No such file or directory"
    house = House(wanted, doubt=Doubt(why.encode(), why))
    Path(files.key).unlink()
    house.look(10)
    assert house.events == []
    house.keeper.change(wanted.files, session_tickets=False)
    assert len(house.troubles) == 1


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


def test_p12_self_signed_pair_is_renewed_while_the_server_runs(tmp_path: Path) -> None:
    """Long before its end, and told; nobody has to do anything."""
    house = House(Wanted(MX, str(tmp_path)))
    first = house.keeper.served.pairs[0]
    house.clock.advance((LIFETIME - RENEWED).total_seconds())
    house.look(3)
    second = house.keeper.served.pairs[0]
    assert second.ends > first.ends
    assert house.shows(second)
    assert house.events == [CertificateChanged((MX,), second.ends, second.serial)]
    house.began += timedelta(days=50 * 365)
    house.look(2)
    assert house.keeper.served.pairs[0].ends > house.now()
    assert house.troubles == []


def test_renewed_pair_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    """It is served from memory, and the log says why."""
    house = House(Wanted(MX, str(tmp_path / "state")))
    (tmp_path / "state" / "self-signed.pem").unlink()
    (tmp_path / "state").rmdir()
    (tmp_path / "state").touch()
    house.clock.advance(LIFETIME.total_seconds())
    assert len(house.troubles) == 1
    assert "made anew with each start" in house.troubles[0]
    assert house.keeper.served.pairs[0].ends > house.now()


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
