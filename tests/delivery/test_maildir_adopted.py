"""Files written before their name was known: messages without a copy, where that can be."""

import os
import re
import resource
from pathlib import Path

import pytest

from gomail.delivery.maildir import Maildir
from gomail.message.spool import write_all
from tests.delivery.bench import SHARED, left_over, messages, mode, no_file_left_open


def nameless(folder: Path, octets: bytes) -> int:
    """Make a file without a name."""
    fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    write_all(fd, octets)
    return fd


def test_file_without_a_name_becomes_a_message(alice: Path) -> None:
    """What was written before its name was known goes the way of all messages, with its mode."""
    maildir = Maildir(str(alice), SHARED)
    fd = nameless(alice / "tmp", b"text\n")
    with no_file_left_open():
        staged = maildir.adopt("h", fd, 5)
        assert staged is not None
        staged.flush()
        staged.commit()
        staged.abort()
    os.close(fd)
    assert messages(alice) == [b"text\n"]
    assert left_over(alice) == []
    assert mode(alice / "new" / staged.name) == 0o660
    maildir.close()
    assert re.fullmatch(r"\d+\.M\d{6}P\d+Q\d+R[0-9a-f]{16}\.h,S=5", staged.name)


def test_n1_file_of_elsewhere_is_not_adopted(alice: Path) -> None:
    """A file on another disk, or one that has lost its only name, has to be copied."""
    maildir = Maildir(str(alice))
    path = alice / "file"
    with path.open("wb") as file, no_file_left_open():
        path.unlink()
        assert maildir.adopt("h", file.fileno(), 0) is None
    assert left_over(alice) == []
    maildir.close()


def test_file_is_not_adopted_where_no_more_files_may_be_open(alice: Path) -> None:
    """No name is left in tmp/ then: each try of the sender would leave another."""
    maildir = Maildir(str(alice))
    fd = nameless(alice / "tmp", b"text")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(fd)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, most[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            maildir.adopt("h", fd, 4)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
    os.close(fd)
    assert left_over(alice) == []
    maildir.close()


def test_adopted_file_of_another_size_is_no_message(alice: Path) -> None:
    """It is compared as what is written here is."""
    maildir = Maildir(str(alice))
    fd = nameless(alice / "tmp", b"text")
    with no_file_left_open(), pytest.raises(OSError, match="4 octets were written instead of 5"):
        maildir.adopt("h", fd, 5)
    os.close(fd)
    assert left_over(alice) == []
    maildir.close()
