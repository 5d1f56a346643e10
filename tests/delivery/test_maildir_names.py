"""Names of messages: unique, whatever the clock says, and never a path."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.delivery import maildir as module
from gomail.delivery.maildir import Maildir, unique_name
from gomail.message.spool import write_all
from tests.delivery.bench import deliver, left_over, messages


def test_n7_ten_thousand_names_under_a_frozen_clock_are_unique(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clock that stands, or goes back, gives no name twice."""
    monkeypatch.setattr(time, "time_ns", lambda: 1_645_409_953_000_007_000)
    names = {unique_name("mx.here.example", "0") for _ in range(10_000)}
    assert len(names) == 10_000
    prefix = f"1645409953.M000007P{os.getpid()}Q"
    assert all(name.startswith(prefix) for name in names)


def test_n7_twin_processes_give_different_names(
    alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot restored twice has the same clock, number and counter; chance tells it apart."""
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(module, "_sequence", iter([1, 1]))
    for _ in range(2):
        twin = Maildir(str(alice))
        deliver(twin, b"text\n")
        twin.close()
    assert messages(alice) == [b"text\n"] * 2


def test_host_name_makes_no_folder_and_no_flags() -> None:
    """Slash and colon mean something in a Maildir: names have them as maildir(5) says."""
    assert unique_name("a/b:c", "0").endswith(r".a\057b\072c")


@settings(deadline=None)
@given(st.text(max_size=80))
def test_n1_name_never_leaves_its_folder(host: str) -> None:
    """No host name makes a path of a message's name."""
    name = unique_name(host, "0")
    assert "/" not in name
    assert ":" not in name
    assert name[0].isdigit()


def test_n7_name_that_is_taken_is_never_written_over(
    alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should two names meet after all, the older message stays, in tmp/ and in new/."""
    monkeypatch.setattr(module, "unique_name", lambda *_: "same")
    maildir = Maildir(str(alice))
    name = deliver(maildir, b"older\n")
    staged = maildir.stage("h", lambda fd: write_all(fd, b"newer\n"), 6)
    with pytest.raises(FileExistsError):
        maildir.stage("h", lambda fd: write_all(fd, b"third\n"), 6)
    with pytest.raises(FileExistsError):
        staged.commit()
    staged.abort()
    maildir.close()
    assert (alice / "new" / name).read_bytes() == b"older\n"
    assert left_over(alice) == []


def test_long_host_name_leaves_room_for_the_rest() -> None:
    """A name in a folder has 255 octets at most."""
    assert len(unique_name("x" * 253, "0123456789abcdef")) < 200
