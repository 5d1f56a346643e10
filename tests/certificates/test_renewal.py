"""Certificates renewed while the server runs: in force, half way, broken, or at their end."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gomail.certificates.own import LIFETIME, RENEWED
from gomail.certificates.pair import Pair
from gomail.certificates.served import Doubt
from gomail.certificates.wanted import Files, Wanted
from gomail.events import CertificateChanged
from tests.certificates.keeping import House
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
