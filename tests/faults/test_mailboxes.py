"""One broken mailbox, and a disk that fails: nobody else waits, nothing is lost or left over."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir

import pytest

from gomail.delivery.places import SUSPENDED
from gomail.events import ContentDropped, MessageStored, Refusal, Trouble
from tests.delivery.bench import left_over, maildirs
from tests.faults.client import name_of
from tests.faults.house import MAILBOXES, TEXT, House


def replaced_by_file(maildir: Path) -> None:
    """Put a file where ``new/`` was."""
    (maildir / "new").rmdir()
    (maildir / "new").touch()


def replaced_by_link(maildir: Path) -> None:
    """Put a symbolic link where ``new/`` was."""
    (maildir / "new").rmdir()
    (maildir / "new").symlink_to("/tmp")


def folder_missing(maildir: Path) -> None:
    """Take ``tmp/`` away."""
    (maildir / "tmp").rmdir()


def maildir_missing(maildir: Path) -> None:
    """Take the Maildir away."""
    shutil.rmtree(maildir)


@pytest.mark.parametrize(
    "broken", [replaced_by_file, replaced_by_link, folder_missing, maildir_missing]
)
def test_r8_one_broken_mailbox_holds_up_nobody_else(
    house: House, broken: Callable[[Path], None]
) -> None:
    """It fails once for all; at the retry it alone is refused, and the others get their mail."""
    client = house.connect()
    assert client.mail(*MAILBOXES) == [250, 250, 250]
    broken(house.root / "bob")
    assert client.message(TEXT).startswith(b"451 4.2.0 Mailbox not available now")
    assert [house.messages(mailbox) for mailbox in ("alice", "carol")] == [[], []]
    (trouble,) = house.told(Trouble)
    assert f"{house.root}/bob: " in trouble.what

    house.bench.clock.advance(SUSPENDED / 2)
    assert client.mail(*MAILBOXES) == [250, 451, 250]
    name_of(client.message(TEXT))
    assert [len(house.messages(mailbox)) for mailbox in ("alice", "carol")] == [1, 1]

    shutil.rmtree(house.root / "bob", ignore_errors=True)
    house.bench.clock.advance(SUSPENDED / 2 + 1)
    assert client.mail("bob") == [250]
    name_of(client.message(TEXT))
    assert len(house.messages("bob")) == 1


def test_r8_alias_with_a_broken_mailbox_is_deferred(house: House) -> None:
    """An alias of several stands for all of them, or waits."""
    maildirs(house.root, "bob")
    replaced_by_file(house.root / "bob")
    client = house.connect()
    assert client.mail("team", "alice") == [451, 250]
    client.say(b"RSET")
    assert client.mail("carol", "team") == [250, 451]


@pytest.mark.needs_root
def test_r8_rights_are_those_of_the_server(tmp_path: Path) -> None:
    """A Maildir that the server may not write to is refused at RCPT, the others are not."""
    for mailbox in ("alice", "bob"):
        maildirs(tmp_path, mailbox)
        for folder in ("", "tmp", "new", "cur"):
            os.chown(tmp_path / mailbox / folder, 65534, 65534)
    for above in (tmp_path, *tmp_path.parents):
        if above.is_relative_to(gettempdir()) and above != Path(gettempdir()):
            above.chmod(0o755)
    (tmp_path / "bob/new").chmod(0o500)
    house = House(tmp_path)
    os.seteuid(65534)
    try:
        client = house.connect()
        assert client.mail("alice", "bob", "carol") == [250, 451, 451]
        name_of(client.message(TEXT))
    finally:
        os.seteuid(0)
    assert len(house.messages("alice")) == 1
    reasons = [event.reason for event in house.told(Refusal)]
    assert reasons == [
        f"{tmp_path}/bob: may not be written to",
        f"{tmp_path}/carol: Permission denied",
    ]
    house.bench.close()


@pytest.mark.parametrize(
    ("call", "number", "reply"),
    [
        ("fsync", errno.EIO, b"451 4.2.0 "),
        ("fsync", errno.ENOSPC, b"452 4.3.1 "),
        ("link", errno.EDQUOT, b"452 4.2.2 "),
        ("link", errno.EROFS, b"451 4.2.0 "),
        ("writev", errno.ENOSPC, b"452 4.3.1 "),
        ("writev", errno.ENOMEM, b"451 4.3.0 "),
        ("writev", errno.EFBIG, b"451 4.2.0 "),
        ("writev", errno.ENFILE, b"451 4.3.0 "),
        ("link", errno.EMLINK, b"451 4.2.0 "),
        ("link", errno.EXDEV, b"451 4.2.0 "),
    ],
)
def test_r4_fault_of_the_disk_is_temporary(
    house: House, monkeypatch: pytest.MonkeyPatch, call: str, number: int, reply: bytes
) -> None:
    """Whatever the disk says, the sender keeps the mail, and is told no path of ours."""
    client = house.connect()
    client.mail("alice")
    with monkeypatch.context() as patch:

        def failing(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        patch.setattr(os, call, failing)
        verdict = client.message(TEXT)
        house.rest()
    assert verdict.startswith(reply)
    assert b"/" not in verdict
    assert not house.messages("alice")
    assert not left_over(house.root / "alice")
    house.bench.clock.advance(SUSPENDED + 1)
    client.mail("alice")
    name_of(client.message(TEXT))


def test_r9_verdict_has_a_deadline(house: House) -> None:
    """A disk that hangs costs a 451 in time, and the message does not appear afterwards."""
    client = house.connect()
    client.mail("alice")
    client.say(b"DATA")
    client.send(b"\r\n" + b"x" * 300_000 + b"\r\n")
    with house.bench.busy():
        client.send(b".\r\n")
        house.bench.clock.advance(300)
        assert client._hear().startswith(b"451 ")
    house.rest()
    assert not house.messages("alice")
    assert not left_over(house.root / "alice")


def test_r15_client_that_leaves_behind_the_dot_has_its_mail_stored(house: House) -> None:
    """Past the final dot the message is ours, whether or not the 250 is read."""
    client = house.connect()
    client.mail("alice")
    client.say(b"DATA")
    with house.bench.busy():
        client.send(TEXT + b".\r\n")
        client.leave()
    house.rest()
    assert len(house.messages("alice")) == 1
    assert len(house.told(MessageStored)) == 1
    assert house.told(ContentDropped) == []


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_f9_content_without_an_end_leaves_nothing(house: House, size: int) -> None:
    """A client that leaves in the middle leaves no file, no memory and no open file behind."""
    client = house.connect()
    client.mail("alice", "bob")
    client.say(b"DATA")
    client.send(b"\r\n")
    for _ in range(max(1, size // 65536)):
        client.send(b"x" * min(size, 65536))
    client.leave()
    house.rest()
    for mailbox in ("alice", "bob"):
        assert not house.messages(mailbox)
        assert not left_over(house.root / mailbox)
    (event,) = house.told(ContentDropped)
    assert event.reason == "no message came of it"


def test_e7_header_bomb_is_refused_at_the_true_end(house: House) -> None:
    """The verdict falls early, the reply comes late, and the session goes on."""
    client = house.connect()
    client.mail("alice")
    verdict = client.message(*([b"X: " + b"x" * 65533] * 20), b"\r\n")
    assert verdict.startswith(b"554 5.6.0 Header block too big")
    client.mail("alice")
    assert client.message(b"Received: x\r\n" * 101).startswith(b"554 5.4.6 ")
    client.mail("alice")
    name_of(client.message(TEXT))
    assert len(house.messages("alice")) == 1
