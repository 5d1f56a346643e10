"""A mailbox beyond its quota: its mail is deferred, that of others is not, and then it goes on."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gomail.delivery.places import SUSPENDED
from gomail.health import Mailboxes
from gomail.limits import Limits
from tests.delivery.bench import left_over, maildirs
from tests.faults.client import name_of
from tests.faults.house import House
from tests.faults.power.disk import tool
from tests.patience import PATIENCE

SIZE = 128 << 20  # octets; no btrfs is smaller than 109 MiB
QUOTA = 2 << 20  # octets


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A disk on which alice has a quota of 2 MiB, and nobody else has one: a real btrfs."""
    mkfs, btrfs = tool("mkfs.btrfs"), tool("btrfs")
    if mkfs is None or btrfs is None:
        pytest.skip("needs btrfs-progs")
    image, disk = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(SIZE)
    disk.mkdir()
    subprocess.run([mkfs, "-q", str(image)], check=True, capture_output=True, timeout=PATIENCE)
    mount = ["mount", "-t", "btrfs", "-o", "loop", str(image), str(disk)]
    if subprocess.run(mount, check=False, capture_output=True, timeout=PATIENCE).returncode:
        pytest.xfail("no btrfs can be mounted here")  # a kernel without it: no package mends that
    try:
        for words in (
            ["quota", "enable", str(disk)],
            ["subvolume", "create", str(disk / "alice")],
            ["qgroup", "limit", str(QUOTA), str(disk / "alice")],
        ):
            subprocess.run([btrfs, *words], check=True, capture_output=True, timeout=PATIENCE)
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True, timeout=PATIENCE)


def fill(folder: Path) -> Path:
    """Write until the kernel says that the quota is used up; give the file."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        for _ in range(2 * QUOTA // 4096):
            file.write(bytes(4096))
    assert QUOTA // 2 < filler.stat().st_size < QUOTA
    return filler


@pytest.mark.interop
@pytest.mark.needs_root
@pytest.mark.parametrize("size", [30_000, 400_000])
def test_r7_mailbox_beyond_its_quota_is_deferred_and_goes_on(home: Path, size: int) -> None:
    """452 for a minute from the first message on that does not fit; bob has his mail meanwhile."""
    house = House(home, Limits(disk_reserve=0))
    maildirs(home, "alice", "bob")
    filler = fill(home / "alice")
    client = house.connect()
    packets = [b"A: b\r\n\r\n", *([b"x" * 9_998 + b"\r\n"] * (size // 10_000))]
    assert client.mail("alice") == [250]
    assert client.message(*packets).startswith(b"452 4.2.2 Mailbox full")
    assert client.mail("alice", "bob") == [452, 250]
    name_of(client.message(*packets))
    told = Mailboxes(1, (f"{home / 'alice'}: Disk quota exceeded",))
    assert house.office.places.look() == told
    house.rest()
    assert not left_over(home / "alice")
    filler.unlink()
    house.bench.clock.advance(SUSPENDED + 0.01)
    assert client.say(b"RSET").startswith(b"250")
    assert client.mail("alice") == [250]
    name_of(client.message(*packets))
    assert [len(house.messages(mailbox)) for mailbox in ("alice", "bob")] == [1, 1]
    assert house.messages("alice")[0].endswith(b"".join(packets).replace(b"\r\n", b"\n"))
    assert house.office.places.look() == Mailboxes()
    client.leave()
    house.bench.close()
