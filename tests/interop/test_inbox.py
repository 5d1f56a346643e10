"""The inbox beside other readers of the Maildir: each sees what the others set."""

import imaplib
import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gomail.inbox.mailbox import Mailbox
from tests.interop.dovecot import Dovecot
from tests.interop.reading import contents, on_disk, send
from tests.interop.samples import number_of
from tests.interop.server import Gomail, wait_for
from tests.interop.software import needs
from tests.interop.terminal import Terminal

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]


@pytest.fixture
def inbox(owned: Gomail, folder: Path) -> Iterator[Mailbox]:
    """An inbox on the Maildir, with four messages in it."""
    send(owned, 1, 2, 3, 4)
    inbox = Mailbox(owned.maildir, folder / "index")
    inbox.look()
    yield inbox
    inbox.close()


def keys(inbox: Mailbox) -> dict[int, str]:
    """Give the messages' keys by their numbers."""
    found = {}
    for each in inbox.page("").entries:
        with os.fdopen(inbox.open("", each.key), "rb") as file:
            found[number_of(file.read())] = each.key
    return found


def flags(inbox: Mailbox) -> dict[int, str]:
    """Give the messages' flags by their numbers."""
    return {number: inbox.find("", key).flags for number, key in keys(inbox).items()}


@pytest.mark.parametrize("reader", ["mutt", "neomutt"])
def test_mutt_and_the_inbox_see_each_other(
    owner: pwd.struct_passwd, owned: Gomail, inbox: Mailbox, folder: Path, reader: str
) -> None:
    """What the inbox sets mutt shows, what mutt sets the inbox shows, while both are open."""
    program = needs(reader)
    before, key = contents(owned.maildir), keys(inbox)
    (folder / "muttrc").write_text(
        "set sort=subject quit=yes delete=yes move=no sleep_time=0 timeout=1 mail_check=1\n"
        "set maildir_trash=yes mark_old=no index_format='[%S] %s' check_new=yes\n"
        f"set folder={owned.maildir}\n"
    )
    inbox.mark("", key[2], add="FS")
    inbox.mark("", key[3], add="T")
    with Terminal(
        [program, "-n", "-F", f"{folder}/muttrc", "-f", f"{owned.maildir}"],
        owner,
        {"HOME": str(folder), "USER": owner.pw_name},
    ) as terminal:
        terminal.wait_for("[N] What", "[!] What", "[D] What", "[N] What")
        terminal.type("1\nF$")
        wait_for("mutt to write its flag", lambda: flags(inbox)[1] == "F")
        assert flags(inbox) == {1: "F", 2: "FS", 3: "T", 4: ""}
        inbox.mark("", key[4], add="F")
        inbox.mark("", key[1], add="S", remove="F")
        terminal.type("4\n")
        terminal.wait_for("[!] What")
        send(owned, 5)
        assert [each.recent for each in inbox.look().come] == [True]
        terminal.type("$q")
    assert keys(inbox).items() >= key.items()
    assert flags(inbox) == {1: "S", 2: "FS", 3: "T", 4: "F", 5: ""}
    assert {number: contents(owned.maildir)[number] for number in before} == before


def test_dovecot_and_the_inbox_see_each_other(
    owner: pwd.struct_passwd, owned: Gomail, inbox: Mailbox, folder: Path
) -> None:
    """Flags go both ways, keywords of IMAP stay, folders are made by either name of theirs."""
    dovecot = Dovecot(folder, owned.maildir, owner)
    key = keys(inbox)
    inbox.mark("", key[1], add="S")
    inbox.mark("", key[2], add="FT")
    with dovecot.connect() as client:
        assert client.select("INBOX") == ("OK", [b"4"])
        assert sorted(imap_flags(client)) == ["", "", r"\Deleted \Flagged", r"\Seen"]
        assert client.create("Entw&APw-rfe")[0] == "OK"
        assert client.store("1:*", "+FLAGS", r"(\Answered $Label1)")[0] == "OK"
        wait_for("Dovecot to write the flags", lambda: "cur:RSa" in on_disk(owned.maildir).values())
        assert flags(inbox) == {1: "RSa", 2: "FRTa", 3: "Ra", 4: "Ra"}
        assert inbox.mark("", key[3], add="S").flags == "RSa"
        assert inbox.mark("", key[2], remove="T").flags == "FRa"
        client.noop()
        assert sum(r"\Seen" in each for each in imap_flags(client)) == 2
        assert sum(r"\Deleted" in each for each in imap_flags(client)) == 0
        assert all("$Label1" in each for each in imap_flags(client))
        assert client.copy("1", "Entw&APw-rfe")[0] == "OK"
    assert [(each.name, each.total) for each in inbox.page("").folders] == [
        ("", 4),
        ("Entwürfe", 1),
    ]
    assert inbox.page("Entwürfe", "hath god").total == 1
    dovecot.stop()


def imap_flags(client: imaplib.IMAP4) -> list[str]:
    """Ask an IMAP server for the flags of all messages, but for that of what is recent."""
    status, answers = client.fetch("1:*", "(FLAGS)")
    assert status == "OK"
    told = (
        re.match(r"(\d+) \(FLAGS \((.*?)\)", each.decode())
        for each in answers
        if isinstance(each, bytes)
    )
    by_place = {each[1]: each[2].split() for each in told if each}  # the last word of each counts
    return [
        " ".join(sorted(each for each in flags if each != r"\Recent"))
        for flags in by_place.values()
    ]
