"""Debian's Exim relays its queue to us: nothing stays there, everything arrives as it was."""

from pathlib import Path

import pytest

from tests.interop.exim import Exim, handed_in
from tests.interop.samples import DOTS, EIGHT_BIT, large, sample
from tests.interop.server import Gomail
from tests.interop.stored import arrived, the_only_one

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]

SENDER, RECIPIENT = "samuel@sender.example", "alfred@example.org"


@pytest.fixture
def exim(folder: Path, gomail: Gomail) -> Exim:
    """Give an Exim that relays to the gomail."""
    return Exim(folder, gomail.port)


def test_queue_is_relayed(gomail: Gomail, exim: Exim) -> None:
    """A queue run delivers every message to its recipients, and each is stored once, as it was."""
    messages = [sample(number) for number in range(10)]
    for message in messages:
        exim.queue(SENDER, RECIPIENT, "bell@example.org", message=message)
    assert len(exim.queued()) == len(messages)
    exim.run_queue()
    stored = arrived(gomail.maildir)
    assert sorted(map(handed_in, stored)) == sorted(messages)
    assert {each.reverse_path for each in stored} == {SENDER}
    assert {tuple(sorted(each.delivered_to)) for each in stored} == {
        (RECIPIENT, "bell@example.org")
    }
    assert {(each.helo, each.protocol) for each in stored} == {("relay.example", "ESMTPS")}


def test_200_recipients(gomail: Gomail, exim: Exim) -> None:
    """A message for 200 people comes in one transaction."""
    exim.queue(SENDER, *(f"person{number}@example.org" for number in range(200)), message=sample())
    exim.run_queue()
    assert handed_in(the_only_one(gomail.maildir)) == sample()
    gomail.wait_for_line(r"mail=1 rcpt=200 bdat=1 quit=1,")


def test_8_bit_content(gomail: Gomail, exim: Exim) -> None:
    """Umlauts and dots come as they are."""
    message = sample(body=EIGHT_BIT + DOTS)
    exim.queue(SENDER, RECIPIENT, message=message)
    exim.run_queue()
    assert handed_in(the_only_one(gomail.maildir)) == message


def test_20_megabytes(gomail: Gomail, exim: Exim) -> None:
    """A large message arrives whole, and its size was told in advance."""
    message = large(20_000_000)
    exim.queue(SENDER, RECIPIENT, message=message)
    exim.run_queue()
    assert handed_in(the_only_one(gomail.maildir)) == message
    gomail.wait_for_line(rf"C: MAIL FROM:<{SENDER}> SIZE=\d{{8}}")


def test_recipient_that_does_not_exist_is_bounced_by_exim(gomail: Gomail, exim: Exim) -> None:
    """Exim learns in the session that a domain isn't ours, and tells the sender itself."""
    exim.queue(RECIPIENT, "somebody@elsewhere.example", message=sample())
    exim.run_queue()
    bounce = the_only_one(gomail.maildir)
    assert (bounce.reverse_path, bounce.delivered_to) == ("", (RECIPIENT,))
    assert b"somebody@elsewhere.example" in bounce.content
