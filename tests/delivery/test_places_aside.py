"""What is looked at without mail, and the folder above all Maildirs."""

import errno
import os
import stat
from pathlib import Path

import pytest

from gomail.delivery import places as module
from gomail.delivery.faults import refusal_of
from gomail.delivery.maildir import Ownership
from gomail.delivery.places import QUIET, SUSPENDED, Places, identity_of
from gomail.reply import MAILBOX_UNAVAILABLE, Refused
from tests.delivery.bench import Bench, maildirs
from tests.delivery.desk import Looks, failing


def behind_all_looks(bench: Bench) -> None:
    """Wait until the disk has answered whatever it was asked."""
    bench.wait(bench.committer.run(lambda: None))


def test_folder_above_is_another_one_since_the_server_has_looked(
    bench: Bench, tmp_path: Path
) -> None:
    """It may have looked before it became who it is, and the disk be gone by now."""
    (tmp_path / "before").mkdir()
    (tmp_path / "mail").mkdir()
    for before, made in (("before", False), ("mail", True)):
        identity = identity_of(str(tmp_path / before))
        root = str(tmp_path / "mail")
        places = Places(bench.committer, bench.clock, root, identity=identity)
        if made:
            bench.wait(places.ask(f"{root}/alice"))
        else:
            with pytest.raises(Refused, match="not the folder that it was at start"):
                bench.wait(places.ask(f"{root}/alice"))
        assert (tmp_path / "mail/alice").exists() == made


def test_folder_above_is_no_maildir(bench: Bench, tmp_path: Path) -> None:
    """Nobody looks at it, nor makes one of it, where it is not the only one."""
    places = Places(bench.committer, bench.clock, str(tmp_path))
    places.look()
    behind_all_looks(bench)
    assert list(tmp_path.iterdir()) == []


def test_mailbox_without_a_folder_is_known(bench: Bench, tmp_path: Path, alice: Path) -> None:
    """As it was asked for."""
    places = Places(bench.committer, bench.clock, str(tmp_path))
    assert places.known(str(alice)) is None
    bench.wait(places.ask(str(alice)))
    assert places.known(str(alice)) == str(alice)


def test_suspended_mailbox_is_asked_again_when_its_minute_is_over(
    bench: Bench, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without mail as with it."""
    places = Places(bench.committer, bench.clock, str(alice), only=True)
    bench.wait(places.ask(str(alice)))
    looks = Looks(monkeypatch)
    broken = refusal_of(OSError(errno.EDQUOT, "Disk quota exceeded"), str(alice))
    places.suspend(str(alice), broken, own=True)
    for _ in range(int(SUSPENDED)):
        bench.clock.advance(1)
        assert places.look().refusing == 1
        behind_all_looks(bench)
    assert looks.count == 0
    bench.clock.advance(1)
    places.look()
    behind_all_looks(bench)
    assert looks.count == 1
    assert places.look().refusing == 0


def test_suspended_mailbox_is_tried_as_a_delivery_would(
    bench: Bench, tmp_path: Path, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rights that a message has: it may be those that it fails by."""
    places = Places(bench.committer, bench.clock, str(tmp_path), Ownership(os.getgid()))
    bench.wait(places.ask(str(alice)))
    places.suspend(str(alice), refusal_of(OSError(errno.EPERM, "no"), str(alice)))
    bench.clock.advance(SUSPENDED + 1)
    modes = []
    monkeypatch.setattr(os, "fsync", lambda fd: modes.append(os.fstat(fd).st_mode))
    bench.wait(places.ask(str(alice)))
    assert [mode & 0o7777 for mode in modes if stat.S_ISREG(mode)] == [0o660]


def test_only_maildir_is_looked_at_every_two_seconds(
    bench: Bench, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with each look at what is known of it."""
    places = Places(bench.committer, bench.clock, str(alice), only=True)
    looks = Looks(monkeypatch)
    counts = []
    for _ in range(5):
        places.look()
        behind_all_looks(bench)
        counts.append(looks.count)
        bench.clock.advance(QUIET / 2)
    assert counts == [1, 1, 2, 2, 3]


def test_fault_is_that_of_the_folder_where_it_is_known(
    bench: Bench, tmp_path: Path, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that breaks is written down at the folder that lies there."""
    (lists,) = maildirs(alice, ".lists")
    places = Places(bench.committer, bench.clock, str(tmp_path))
    assert bench.wait(places.ask(str(alice), "lists")) == str(lists)
    bench.clock.advance(2)
    monkeypatch.setattr(module, "free_octets", failing(errno.EIO))
    with pytest.raises(Refused) as refused:
        bench.wait(places.ask(str(alice), "lists"))
    assert refused.value.reply == MAILBOX_UNAVAILABLE
    assert bench.committer.record.at == str(lists)


def test_reason_of_a_mailbox_gives_way_to_the_disks(
    bench: Bench, tmp_path: Path, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has none of its own then, or nobody knows."""
    places = Places(bench.committer, bench.clock, str(tmp_path))
    for number, refusing in (
        (errno.EACCES, 1),
        (errno.EIO, 0),
        (errno.EACCES, 1),
        (errno.EMFILE, 0),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(module, "free_octets", failing(number))
            with pytest.raises(Refused):
                bench.wait(places.ask(str(alice)))
        assert places.look().refusing == refusing
