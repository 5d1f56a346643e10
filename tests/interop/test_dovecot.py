"""Dovecot serves the Maildir by IMAP, as the user whom it belongs to."""

import imaplib
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.dovecot import Dovecot
from tests.interop.reading import contents, on_disk, send
from tests.interop.samples import number_of, on_the_wire
from tests.interop.server import Gomail, wait_for

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]


@pytest.fixture
def dovecot(folder: Path, owner: pwd.struct_passwd, owned: Gomail) -> Iterator[Dovecot]:
    """Give a Dovecot that serves the Maildir."""
    dovecot = Dovecot(folder, owned.maildir, owner)
    yield dovecot
    dovecot.stop()


def fetch(client: imaplib.IMAP4, what: str) -> dict[int, tuple[str, bytes]]:
    """Fetch something of every message; give its place in the mailbox and the octets, by number."""
    status, answers = client.fetch("1:*", f"({what})")
    assert status == "OK", answers
    pairs = [answer for answer in answers if isinstance(answer, tuple)]
    return {number_of(octets): (told.decode().split()[0], octets) for told, octets in pairs}


def test_imap_reads_flags_and_deletes(owned: Gomail, dovecot: Dovecot) -> None:
    """By IMAP messages are listed, read, flagged and deleted; the files follow."""
    send(owned, 1, 2, 3, 4)
    before = contents(owned.maildir)
    with dovecot.connect() as client:
        assert client.select("INBOX") == ("OK", [b"4"])
        listed = fetch(client, "BODY.PEEK[]")
        assert {number: octets for number, (_, octets) in listed.items()} == {
            number: on_the_wire(octets) for number, octets in before.items()
        }
        place = {number: each for number, (each, _) in listed.items()}
        assert client.fetch(place[1], "(BODY[TEXT])")[0] == "OK"
        for number, flag in ((2, r"\Flagged"), (3, r"\Deleted")):
            assert client.store(place[number], "+FLAGS", f"({flag})")[0] == "OK"
        assert client.search(None, "UNSEEN", "FLAGGED") == ("OK", [place[2].encode()])
        wait_for("Dovecot to write the flags", lambda: "cur:T" in on_disk(owned.maildir).values())
        assert on_disk(owned.maildir) == {1: "cur:S", 2: "cur:F", 3: "cur:T", 4: "cur:"}
        assert client.expunge() == ("OK", [place[3].encode()])
    assert contents(owned.maildir) == {number: before[number] for number in (1, 2, 4)}


def test_imap_sees_new_mail_in_an_open_mailbox(owned: Gomail, dovecot: Dovecot) -> None:
    """Who has the mailbox open is told of a message that comes meanwhile."""
    send(owned, 1)
    with dovecot.connect() as client:
        assert client.select("INBOX") == ("OK", [b"1"])
        send(owned, 2)

        def told() -> bool:
            client.noop()
            return b"2" in client.response("EXISTS")[1]

        wait_for("Dovecot to tell of the new message", told)
        assert sorted(fetch(client, "BODY.PEEK[]")) == [1, 2]
    assert sorted(contents(owned.maildir)) == [1, 2]
