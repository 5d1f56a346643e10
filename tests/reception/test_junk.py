"""What is junk by what was found out, and the folder in which it lies."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from gomail.delivery.maildir import Staged
from gomail.events import Checked, MessageStored, Trouble
from tests.faults.client import name_of
from tests.faults.house import House
from tests.reception.examining import SIGNED, UNSIGNED, examine


@pytest.fixture
def house(house: House) -> House:
    """Have it examine."""
    examine(house)
    return house


@pytest.mark.parametrize("domain", ["example.org", "example.net"])
def test_forged_mail_is_junk(house: House, domain: str) -> None:
    """In a folder of each mailbox, made on first use as mail programs know it, one copy each."""
    client = house.connect()
    message = UNSIGNED.replace(b"example.org", domain.encode())
    assert client.mail("alice", "sales", "bob") == [250, 250, 250]
    name_of(client.message(message))
    assert house.messages("alice") == house.messages("bob") == []
    for mailbox in ("alice", "bob"):
        (stored,) = house.messages(f"{mailbox}/.Junk")
        assert b"dmarc=fail" in stored
        assert (house.root / mailbox / ".Junk/maildirfolder").read_bytes() == b""
    assert house.messages("alice/.Junk")[0].count(b"\nDelivered-To:") == 2
    (event,) = house.told(MessageStored)
    assert [Path(copy.path).parts[-3:-1] for copy in event.copies] == [(".Junk", "new")] * 2
    (checked,) = house.told(Checked)
    assert (checked.action, checked.rule[:6]) == ("junk", "dmarc-")


def test_folder_for_junk_is_the_one_that_is_there(house: House) -> None:
    """However somebody has written its name."""
    client = house.connect()
    client.mail("alice")
    name_of(client.message(SIGNED))
    for name in ("tmp", "new", "cur"):
        (house.root / "alice/.junk" / name).mkdir(parents=True)
    for count in (1, 2):
        client.mail("alice")
        name_of(client.message(UNSIGNED))
        assert len(house.messages("alice/.junk")) == count
    assert not (house.root / "alice/.Junk").exists()


def _file(junk: Path) -> None:
    """Have no folder."""
    junk.write_text("no folder")


def _half(junk: Path) -> None:
    """Have one that is no Maildir, nor can be."""
    junk.mkdir()
    (junk / "tmp").write_text("no folder")


def _link(junk: Path) -> None:
    """Have one that leads elsewhere."""
    junk.symlink_to(junk.parents[1] / "carol", target_is_directory=True)


@pytest.mark.parametrize("broken", [_file, _half, _link])
def test_junk_folder_that_is_broken_concerns_nobody_else(
    house: House, broken: Callable[[Path], None]
) -> None:
    """Its owner finds the message, with what was found out, where he would have without it."""
    client = house.connect()
    client.mail("alice", "bob", "carol")
    name_of(client.message(SIGNED))
    broken(house.root / "alice/.Junk")
    client.mail("alice", "bob")
    name_of(client.message(UNSIGNED))
    assert [b"dmarc=fail" in each for each in house.messages("alice")] == [False, True]
    assert [len(house.messages(each)) for each in ("bob", "bob/.Junk", "carol")] == [1, 1, 1]
    (trouble,) = house.told(Trouble)
    assert trouble.what.startswith(f"junk for alice@here.example is stored in {house.root}/alice: ")


def test_junk_that_can_not_be_stored_is_not_tried_there_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder in which a delivery fails at its last step costs one refusal, and no mail."""
    junk = str(house.root / "alice/.Junk")
    commit = Staged.commit

    def failing(self: Staged) -> None:
        if self.maildir.path == junk:
            raise OSError(errno.EDQUOT, "no more")
        commit(self)

    monkeypatch.setattr(Staged, "commit", failing)
    client = house.connect()
    for reply, count in ((b"452 4.2.2", 0), (b"250", 1)):
        client.mail("alice", "bob")
        assert client.message(UNSIGNED).startswith(reply)
        assert len(house.messages("alice")) == len(house.messages("bob/.Junk")) == count


def test_p3_who_is_nobodys_author_is_junk(house: House) -> None:
    """None in From, or several: nobody can tell whose policy to ask for."""
    client = house.connect()
    for message in (b"Subject: x\r\n\r\nx\r\n", b"From: a@example.org\r\n" + UNSIGNED):
        client.mail("alice")
        name_of(client.message(message))
    assert house.messages("alice") == []
    assert len(house.messages("alice/.Junk")) == 2
