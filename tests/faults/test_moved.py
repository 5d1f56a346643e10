"""Maildirs that are moved, exchanged, emptied or made read-only while mail for them comes in."""

import ctypes
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gomail.delivery.folder import make
from tests.faults.client import port_and_pid
from tests.faults.long.kills import WAYS, running
from tests.faults.long.ledger import Ledger, total
from tests.faults.long.senders import MAILBOXES, Sender, begin, end
from tests.faults.server import FORGIVING, QUICK
from tests.patience import PATIENCE
from tests.system.running import until
from tests.thorough import often

pytestmark = pytest.mark.system
LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, RENAME_EXCHANGE = -100, 2
ROUNDS = often(10, 20)
PAUSE = 0.01  # seconds that each state of things lasts
both = pytest.mark.parametrize("how", [WAYS["thread"], WAYS["agent"]])


class Load:
    """A server under load, and the accounts of what it has acknowledged."""

    def __init__(self, port: int, mail: Path) -> None:
        """Begin to send."""
        self.senders = [Sender(seed, sizes=(20, 500)) for seed in range(3)]
        self.ledger = Ledger(mail, self.senders)
        begin(self.senders, port)

    def goes_on(self) -> None:
        """Wait until each sender has heard 250 once more."""
        now = time.monotonic()
        until(
            lambda: all(sender.heard > now or sender.wrong for sender in self.senders),
            "nothing is accepted",
        )


@contextmanager
def under_load(mail: Path, *how: str) -> Iterator[Load]:
    """Serve both mailboxes; see in the end that it goes on, and that nothing is lost or torn."""
    for mailbox in MAILBOXES:
        make(str(mail / mailbox))
    with running(mail, QUICK, FORGIVING, *how) as server:
        load = Load(port_and_pid(server)[0], mail)
        try:
            load.goes_on()
            yield load
        finally:
            end(load.senders)
        load.ledger.settle()
    assert load.ledger.wrong == []


def exchange(one: Path, other: Path) -> None:
    """Exchange two names in one step (renameat2(2)): a folder that is missing would be made."""
    if LIBC.renameat2(AT_FDCWD, bytes(one), AT_FDCWD, bytes(other), RENAME_EXCHANGE):
        raise OSError(ctypes.get_errno(), f"{one} and {other} can't be exchanged")


@both
def test_n6_new_that_is_exchanged_for_a_link_during_load_leads_nowhere(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    """What is acknowledged is in the folder that was there before, and never behind the link."""
    mail, elsewhere = tmp_path / "mail", tmp_path / "elsewhere"
    mail.mkdir()
    elsewhere.mkdir()
    new, aside = mail / "alice/new", mail / "alice/aside"
    with under_load(mail, *how) as load:
        aside.symlink_to(elsewhere)
        for _ in range(ROUNDS):
            exchange(new, aside)
            time.sleep(PAUSE)
            exchange(new, aside)
            time.sleep(PAUSE)
        load.goes_on()
    assert aside.is_symlink()
    assert list(elsewhere.iterdir()) == []


@both
def test_n6_mailbox_that_is_removed_during_load_is_made_again(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    """What is acknowledged is in the mailbox as it was at that moment, or as it is now."""
    mail, gone = tmp_path / "mail", tmp_path / "gone"
    mail.mkdir()
    gone.mkdir()
    with under_load(mail, *how) as load:
        for number in range(ROUNDS):
            until((mail / "alice/cur").exists, "it is not made again")  # the last of its folders
            (mail / "alice").rename(gone / str(number))
            load.goes_on()
        until((mail / "alice/cur").exists, "it is not made again")
        end(load.senders)
        for path in gone.glob("*/new/*"):
            path.rename(mail / "alice/new" / path.name)


@both
def test_r23_reader_that_moves_mail_at_once_disturbs_nothing(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    """Nothing is looked for in new/ once it is there: no message is deferred for its absence."""
    mail = tmp_path / "mail"
    mail.mkdir()
    with under_load(mail, *how) as load:
        for _ in range(ROUNDS):
            load.ledger.settle()
            time.sleep(PAUSE)
        load.goes_on()
        assert [sender.deferred for sender in load.senders] == [0] * len(load.senders)
        assert load.ledger.duplicates == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of our own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if subprocess.run(
        ["mount", *options], check=False, capture_output=True, timeout=PATIENCE
    ).returncode:
        pytest.skip("nothing can be mounted here")
    yield disk
    subprocess.run(
        ["umount", "--lazy", str(disk)], check=True, timeout=PATIENCE
    )  # an agent may be about to end


def remount(disk: Path, how: str) -> bool:
    """Have a disk be read-only or not; tell whether that could be, which open files prevent."""
    command = ["mount", "-o", f"remount,{how}", str(disk)]
    return (
        subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE).returncode == 0
    )


@pytest.mark.needs_root
@both
def test_r8_disk_that_is_read_only_under_load_defers_and_goes_on(
    disk: Path, how: tuple[str, ...]
) -> None:
    """EROFS: everybody hears 4xx, and 250 as soon as it may be written to again."""
    with under_load(disk, *how) as load:
        for _ in range(3):
            until(lambda: remount(disk, "ro"), "it is always busy")
            before = total(load.senders, "deferred")
            until(lambda: total(load.senders, "deferred") > before, "nobody is deferred")  # noqa: B023
            assert remount(disk, "rw")
            load.goes_on()
