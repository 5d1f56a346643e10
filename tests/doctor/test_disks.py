"""The disk: the gravest of what is wrong with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from gomail.doctor.disks import Disk, examine_disk, look_at_disk

HEALTHY = Disk("/srv", 10_000, 5000, kind="ext4", options=frozenset({"rw"}))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({}, None),
        ({"files": None}, None),
        ({"read_only": True, "free": 0}, "disk-read-only"),
        ({"free": 999, "files": 1}, "disk-full"),
        ({"files": 999}, "disk-files"),
        ({"free": 1999, "kind": "tmpfs"}, "disk-short"),
        ({"free": 2000}, None),
        ({"kind": "tmpfs"}, "disk-volatile"),
        ({"options": frozenset({"rw", "nobarrier"})}, "disk-volatile"),
        ({"kind": "overlay", "options": frozenset({"volatile"})}, "disk-volatile"),
    ],
)
def test_gravest_is_told(words: dict[str, object], code: str | None) -> None:
    """Alone, with a line of what to do."""
    found = examine_disk(replace(HEALTHY, **words), 1000, 1000).findings  # type: ignore[arg-type]
    assert [each.code for each in found] == ([] if code is None else [code])
    assert all(each.lines for each in found)


def test_disk_of_a_folder_is_that_of_the_next_one_above(tmp_path: Path) -> None:
    """Where it is not made yet."""
    found = look_at_disk(str(tmp_path / "not" / "there"))
    assert found is not None
    assert found.folder == str(tmp_path)
    assert found.free > 0


def test_kind_of_a_disk_is_the_one_that_is_mounted() -> None:
    """As of /proc, wherever Linux has one."""
    if Path("/proc/self").exists():
        found = look_at_disk("/proc")
        assert found is not None
        assert (found.kind, "rw" in found.options) == ("proc", True)
