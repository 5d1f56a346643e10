"""A full disk: mail is deferred, and taken again when there is room."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gomail.delivery.room import FRESH
from gomail.limits import Limits
from tests.delivery.bench import left_over, maildirs
from tests.faults.client import name_of
from tests.faults.house import TEXT, House
from tests.patience import PATIENCE


def test_e12_mail_is_deferred_before_the_disk_is_full(tmp_path: Path) -> None:
    """The reserve is left alone, and the declared size is counted in."""
    free = os.statvfs(tmp_path)
    reserve = free.f_bavail * free.f_frsize - 512 * 1024 * 1024
    house = House(tmp_path, Limits(size=1 << 40, disk_reserve=reserve))
    client = house.connect()
    assert client.say(b"MAIL FROM:<a@x.example> SIZE=9999999999").startswith(b"452 4.3.1 ")
    assert client.say(b"MAIL FROM:<a@x.example> SIZE=1000").startswith(b"250 ")
    house.bench.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte and 40 files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-o", "size=1m,nr_inodes=40", "tmpfs", str(disk)]
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", *options], check=False, capture_output=True, timeout=PATIENCE
    )
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True, timeout=PATIENCE)


def give_inodes(disk: Path) -> None:
    """Let a disk have enough files."""
    subprocess.run(
        ["mount", "-o", "remount,nr_inodes=4000", str(disk)], check=True, timeout=PATIENCE
    )


def leave_free(disk: Path, size: int) -> Path:
    """Fill a disk but for *size* octets; give the file that fills it."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize - size))
    return filler


@pytest.mark.needs_root
@pytest.mark.parametrize("size", [30_000, 400_000])
def test_r6_full_disk_defers_and_goes_on_when_there_is_room(small_disk: Path, size: int) -> None:
    """452 while it is full, no half message ever, and 250 again once somebody has made room."""
    give_inodes(small_disk)
    house = House(small_disk, Limits(disk_reserve=0))
    maildirs(small_disk, "alice")
    filler = leave_free(small_disk, 20_480)
    client = house.connect()
    packets = [b"A: b\r\n\r\n", *([b"x" * 9_998 + b"\r\n"] * (size // 10_000))]
    for _ in range(3):
        assert client.mail("alice") == [250]
        assert client.message(*packets).startswith(b"452 4.3.1 Not enough storage")
        assert client.say(b"MAIL FROM:<a@x.example>").startswith(b"452 4.3.1 "), "deferred already"
        house.bench.clock.advance(FRESH + 0.01)
    house.rest()
    assert not house.messages("alice")
    assert not left_over(small_disk / "alice")
    filler.unlink()
    assert client.mail("alice") == [250]
    name_of(client.message(*packets))
    (stored,) = house.messages("alice")
    assert stored.endswith(b"".join(packets).replace(b"\r\n", b"\n"))
    client.leave()
    house.bench.close()


@pytest.mark.needs_root
def test_r7_disk_without_inodes_defers_and_goes_on(small_disk: Path) -> None:
    """Where no file can be made there is no room, however much is free."""
    house = House(small_disk, Limits(disk_reserve=1))
    client = house.connect()
    assert client.say(b"MAIL FROM:<a@x.example>").startswith(b"452 4.3.1 ")
    give_inodes(small_disk)
    house.bench.clock.advance(FRESH + 0.01)
    assert client.mail("alice") == [250]
    name_of(client.message(TEXT))
    client.leave()
    house.bench.close()
