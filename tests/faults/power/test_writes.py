"""Power cuts at every moment at which the disk could tell the difference."""

import struct
from pathlib import Path

import pytest

from tests.faults.power.cuts import How
from tests.faults.power.log import Mark, Write, read_log, replay
from tests.faults.power.writes import Recorded
from tests.thorough import often

EACH = often(40, 20)  # so many writes are between two cuts, apart from those behind each 250


@pytest.mark.interop
@pytest.mark.system
@pytest.mark.usefixtures("a_mapper")
def test_r3_no_moment_of_the_disk_lacks_what_was_acknowledged(tmp_path: Path) -> None:
    """A drive that loses its whole cache keeps each message from its 250 on, and no half one."""
    recorded = Recorded(tmp_path / "recorded", How(), letters=5, senders=1)
    moments = list(recorded.moments(EACH))
    assert sum(moment.marked for moment in moments) == len(recorded.receipts) == 10
    assert len(moments) > 10
    assert [moment for moment in moments if not moment.found.sound] == []


@pytest.mark.interop
@pytest.mark.system
@pytest.mark.usefixtures("a_mapper")
def test_r3_moment_at_which_a_name_is_not_durable_is_found(tmp_path: Path) -> None:
    """A server that leaves the folder out is caught at each of its 250, without any luck."""
    cheat = How(changes=("forget-the-folder",))
    recorded = Recorded(tmp_path / "recorded", cheat, letters=3, senders=0)
    moments = [moment for moment in recorded.moments(10**6) if moment.marked]
    assert [bool(moment.found.lost) for moment in moments] == [True] * 3


def entry(sector: int, sectors: int, flags: int, mark: bytes = b"") -> bytes:
    """Write the head of an entry, as the kernel does."""
    return (struct.pack("<4Q", sector, sectors, flags, len(mark)) + mark).ljust(512, b"\0")


LOG = b"".join(
    [
        struct.pack("<3QI", 0x6A736677736872, 1, 5, 512).ljust(512, b"\0"),
        entry(2, 1, 0),
        b"A" * 512,
        entry(0, 0, 1),
        entry(0, 0, 8, b"1.M2P3Q4.here,S=5"),
        entry(0, 8, 4),
        entry(1, 2, 2 | 16),
        b"B" * 1024,
        entry(0, 1, 0),  # more than the first sector says: not yet written
    ]
)


def test_log_is_read_as_the_kernel_writes_it(tmp_path: Path) -> None:
    """Writes, flushes and marks come in their order; what was discarded is passed over."""
    (tmp_path / "log").write_bytes(LOG)
    assert list(read_log(tmp_path / "log")) == [
        Write(1024, b"A" * 512),
        Write(0, b""),
        Mark("1.M2P3Q4.here,S=5"),
        Write(512, b"B" * 1024),
    ]


def test_disk_is_replayed_step_by_step(tmp_path: Path) -> None:
    """Each entry is on the disk when it is given, and none behind it."""
    (tmp_path / "log").write_bytes(LOG)
    disk = tmp_path / "disk"
    disk.write_bytes(b"-" * 2048)
    seen = [disk.read_bytes()[::512] for _ in replay(disk, tmp_path / "log")]
    assert seen == [b"--A-", b"--A-", b"--A-", b"-BB-"]


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    """A disk on which nothing was logged is no proof of anything."""
    (tmp_path / "log").write_bytes(bytes(4096))
    with pytest.raises(ValueError, match="is no log of writes"):
        list(read_log(tmp_path / "log"))
