"""What the disk said, as a reply: the sender keeps the mail, whatever it was."""

import errno
import os

import pytest

from gomail.delivery.faults import is_alarming, is_of_system, refusal_of
from gomail.reply import DISK_FULL, LOCAL_ERROR, MAILBOX_FULL, MAILBOX_UNAVAILABLE, Reply


@pytest.mark.parametrize(
    ("number", "reply", "system"),
    [
        (errno.ENOSPC, DISK_FULL, True),
        (errno.EDQUOT, MAILBOX_FULL, False),
        (errno.EMFILE, LOCAL_ERROR, True),
        (errno.ENFILE, LOCAL_ERROR, True),
        (errno.ENOMEM, LOCAL_ERROR, True),
        (errno.EIO, MAILBOX_UNAVAILABLE, False),
        (errno.EACCES, MAILBOX_UNAVAILABLE, False),
        (errno.EROFS, MAILBOX_UNAVAILABLE, False),
        (errno.ENOENT, MAILBOX_UNAVAILABLE, False),
    ],
)
def test_fault_has_its_reply(number: int, reply: Reply, *, system: bool) -> None:
    """A full disk, a full mailbox, a broken one and a tired system are told apart."""
    error = OSError(number, os.strerror(number))
    refused = refusal_of(error, "/srv/mail/alice")
    assert refused.reply == reply
    assert refused.reason.startswith(f"/srv/mail/alice: {os.strerror(number)}")
    assert ("made again by a restart" in refused.reason) == (number == errno.ENOENT)
    assert is_of_system(error) == system


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_no_fault_of_ours_bounces_mail(number: int) -> None:
    """Whatever the system says, the answer is temporary, and tells the peer no path."""
    reply = refusal_of(OSError(number, os.strerror(number)), "/srv/mail/alice").reply
    assert 400 <= reply.code < 500
    assert b"/srv" not in reply.octets


def test_fault_without_a_number_says_its_text() -> None:
    """A short file and a deadline are faults of ours without a number."""
    assert refusal_of(TimeoutError("too long"), "/m").reason == "/m: too long"
    assert refusal_of(OSError(0, "5 octets were written"), "/m").reason == (
        "/m: 5 octets were written"
    )


@pytest.mark.parametrize(
    ("number", "alarming"),
    [
        (errno.EIO, True),
        (errno.EROFS, True),
        (errno.EMFILE, True),
        (errno.ESTALE, True),
        (None, True),
        (errno.ENOENT, False),
        (errno.EACCES, False),
        (errno.EDQUOT, False),
        (errno.ENOSPC, False),
    ],
)
def test_fault_of_one_mailbox_is_no_alarm(number: int | None, *, alarming: bool) -> None:
    """The disk and the system are everybody's; room is known by what is free."""
    error = OSError("late") if number is None else OSError(number, os.strerror(number))
    assert is_alarming(error) is alarming
