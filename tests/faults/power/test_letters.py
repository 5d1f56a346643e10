"""Who judges what a power cut has left sees everything that may be wrong with it."""

import random
from pathlib import Path

import pytest

from tests.faults.power.letters import Findings, Receipt, judge, make_letter, receipt

TRACE = b"Received: from a by b;\n\tMon, 1 Jan 2024 00:00:00 +0000\n"
CONTENT = make_letter(random.Random(1), [500])
STORED = TRACE + CONTENT.replace(b"\r\n", b"\n")


def delivered(root: Path, mailbox: str, octets: bytes = STORED, size: int | None = None) -> str:
    """Put a file into a mailbox; give its name."""
    new = root / mailbox / "new"
    new.mkdir(parents=True, exist_ok=True)
    name = f"1.M1P1Q{len(list(new.iterdir()))}.here,S={len(octets) if size is None else size}"
    (new / name).write_bytes(octets)
    return name


def both(root: Path) -> Receipt:
    """Deliver one message to both mailboxes, and give its receipt."""
    name = delivered(root, "alice")
    delivered(root, "bob")
    return receipt(name, ["alice", "bob"], CONTENT)


def test_what_is_whole_is_found(tmp_path: Path) -> None:
    """The copy of another mailbox has a name of its own, and what nobody acknowledged may be."""
    given = both(tmp_path)
    delivered(tmp_path, "bob")
    assert judge([given], tmp_path) == Findings(1, (), (), 3, 0)


@pytest.mark.parametrize("mailbox", ["alice", "bob"])
def test_missing_copy_is_lost(tmp_path: Path, mailbox: str) -> None:
    """Each mailbox of a message that was acknowledged must have it."""
    given = both(tmp_path)
    for path in (tmp_path / mailbox / "new").iterdir():
        path.unlink()
    assert judge([given], tmp_path).lost == (f"{mailbox}/{given.name}",)


@pytest.mark.parametrize("octets", [b"", STORED[:-1], STORED[:-1] + b"\0", bytes(len(STORED))])
def test_changed_copy_is_lost_and_torn(tmp_path: Path, octets: bytes) -> None:
    """A file that is short, or has zeros where there were octets, is not the message."""
    given = both(tmp_path)
    (tmp_path / "alice/new" / given.name).write_bytes(octets)
    found = judge([given], tmp_path)
    assert found.lost == (f"alice/{given.name}",)
    assert found.torn == (f"alice/new/{given.name}",)
    assert not found.sound


def test_torn_file_that_nobody_acknowledged_counts(tmp_path: Path) -> None:
    """No mail reader may ever see half a message."""
    delivered(tmp_path, "alice", STORED[:-10], size=len(STORED))
    assert len(judge([], tmp_path).torn) == 1


def test_file_in_tmp_is_of_a_delivery_that_was_under_way(tmp_path: Path) -> None:
    """It is counted, and is no fault: nobody reads it, and it is swept later."""
    given = both(tmp_path)
    (tmp_path / "alice/tmp").mkdir()
    (tmp_path / "alice/tmp/1.M1").write_bytes(b"Rec")
    found = judge([given], tmp_path)
    assert found.sound
    assert found.unfinished == 1
