"""Debian's Postfix relays its queue to us: nothing stays there, everything arrives as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.conftest import StartGomail
from tests.interop.postfix import Postfix, handed_in
from tests.interop.samples import DOTS, EIGHT_BIT, large, sample
from tests.interop.server import Gomail, wait_for
from tests.interop.software import run
from tests.interop.stored import the_only_one, wait_for_messages

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]

SENDER, RECIPIENT = "samuel@sender.example", "alfred@example.org"


@pytest.fixture
def postfix(folder: Path, gomail: Gomail) -> Iterator[Postfix]:
    """Give a Postfix that relays to the gomail; it is not started yet."""
    postfix = Postfix(folder, gomail.port)
    yield postfix
    postfix.stop()


def test_queue_is_relayed_through_one_connection(gomail: Gomail, postfix: Postfix) -> None:
    """Fifty queued messages come through one connection, and each is stored once, as it was."""
    messages = [sample(number) for number in range(50)]
    for message in messages:
        run([*postfix.sendmail, "-i", "-f", SENDER, RECIPIENT], feed=message)
    postfix.start()
    stored = wait_for_messages(gomail.maildir, 50)
    postfix.wait_until_empty()
    assert sorted(map(handed_in, stored)) == sorted(messages)
    assert {each.reverse_path for each in stored} == {SENDER}
    assert {each.delivered_to for each in stored} == {(RECIPIENT,)}
    assert {(each.helo, each.protocol) for each in stored} == {("relay.example", "ESMTP")}
    postfix.stop()
    gomail.wait_for_line(
        r"ehlo=1 mail=50 rcpt=50 data=50 rset=49,"
    )  # RSET finds out whether a connection that was kept still lives


def test_sendmail_as_in_the_blog(gomail: Gomail, postfix: Postfix) -> None:
    """A message typed into `sendmail -t` arrives; its header says for whom it is."""
    postfix.start()
    typed = b"To: morse@example.org\nSubject: What hath god wrought\n\nWhat hath god wrought\n"
    run([*postfix.sendmail, "-t"], feed=typed)
    (stored,) = wait_for_messages(gomail.maildir, 1)
    postfix.wait_until_empty()
    assert stored.delivered_to == ("morse@example.org",)
    assert stored.reverse_path == "root@relay.example"
    header, _, body = handed_in(stored).partition(b"\n\n")
    assert body == b"What hath god wrought\n"
    fields = header.split(b"\n")
    assert fields[:2] == [b"To: morse@example.org", b"Subject: What hath god wrought"]
    # Postfix completes the header.
    names = {field.partition(b":")[0] for field in fields[2:]}
    assert names == {b"Message-Id", b"Date", b"From"}


def test_200_recipients_with_a_mailbox_each(folder: Path, start_gomail: StartGomail) -> None:
    """A message for 200 people comes in one transaction, and each of them finds it."""
    people = [f"person{number:03}" for number in range(200)]
    gomail = start_gomail(
        settings=f"""
            hostname = "mx.example.org"
            maildir = "{folder}/mail/{{mailbox}}"
            [[listener]]
            endpoint = "tcp:0:interface=127.0.0.1"
            [domains."example.org"]
            mailboxes = {people}
        """
    )
    postfix = Postfix(folder, gomail.port)
    addresses = [f"{person}@example.org" for person in people]
    try:
        run([*postfix.sendmail, "-i", "-f", SENDER, *addresses], feed=sample())
        postfix.start()
        postfix.wait_until_empty()
    finally:
        postfix.stop()
    for person, address in zip(people, addresses, strict=True):
        stored = the_only_one(folder / "mail" / person)
        assert handed_in(stored) == sample()
        assert stored.delivered_to == (address,)
        assert not stored.only, "recipients must not learn of each other"
    gomail.wait_for_line(r"ehlo=1 mail=1 rcpt=200 data=1,")


def test_20_megabytes(gomail: Gomail, postfix: Postfix) -> None:
    """A large message arrives whole, and its size was told in advance."""
    message = large(20_000_000)
    postfix.start()
    run([*postfix.sendmail, "-i", "-f", SENDER, RECIPIENT], feed=message)
    (stored,) = wait_for_messages(gomail.maildir, 1)
    postfix.wait_until_empty()
    assert handed_in(stored) == message
    gomail.wait_for_line(rf"C: MAIL FROM:<{SENDER}> SIZE=\d{{8}}")


def test_8_bit_content(gomail: Gomail, postfix: Postfix) -> None:
    """Umlauts come as they are, since we offer 8BITMIME: nothing is recoded on the way."""
    message = sample(body=EIGHT_BIT + DOTS)
    run([*postfix.sendmail, "-i", "-B8BITMIME", "-f", SENDER, RECIPIENT], feed=message)
    postfix.start()
    (stored,) = wait_for_messages(gomail.maildir, 1)
    postfix.wait_until_empty()
    assert handed_in(stored) == message
    gomail.wait_for_line(rf"C: MAIL FROM:<{SENDER}> SIZE=\d+ BODY=8BITMIME")


def test_smtputf8(gomail: Gomail, postfix: Postfix) -> None:
    """Who writes from żółw@… to grüße@… with a header in UTF-8 reaches them (RFC 6531)."""
    message = sample().replace(b"From: Samuel <samuel@", "From: Żółw <żółw@".encode())
    sender, recipient = "żółw@sender.example", "grüße@example.org"
    run([*postfix.sendmail, "-i", "-f", sender, recipient], feed=message)
    postfix.start()
    (stored,) = wait_for_messages(gomail.maildir, 1)
    postfix.wait_until_empty()
    assert handed_in(stored) == message
    assert (stored.reverse_path, stored.delivered_to) == (sender, (recipient,))
    assert stored.protocol == "UTF8SMTP"


def test_mail_that_is_deferred_comes_later(folder: Path, start_gomail: StartGomail) -> None:
    """While a mailbox can't be written to, its mail waits in Postfix's queue; then it arrives."""
    gomail = start_gomail("--domain", "example.org")
    new = gomail.maildir / "new"
    new.rmdir()
    new.write_text("This is no folder.")
    postfix = Postfix(folder, gomail.port)
    try:
        run([*postfix.sendmail, "-i", "-f", SENDER, RECIPIENT], feed=sample())
        postfix.start()
        gomail.wait_for_line(r"refused .*: 4\d\d ")
        wait_for("Postfix to defer it", lambda: "status=deferred" in postfix.log)
        assert postfix.queued()
        new.unlink()
        postfix.retry_until_empty()
    finally:
        postfix.stop()
    assert handed_in(the_only_one(gomail.maildir)) == sample()
