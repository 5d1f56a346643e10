"""Directories of one house, and how a path is looked up in them."""

import pytest

from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.mailbox import Destination
from gomail.recipients.register import build
from gomail.reply import Refused, Reply
from gomail.smtp.grammar import read_rcpt

US = "here.example"
SMALL = build({US: Domain(), "localhost": Domain()}, "/home/alice/Maildir")
LISTED = build(
    {
        US: Domain(
            ("alice", "bob", "mary-jane", "jos\u00e9"),
            aliases={"team": ("alice", "bob"), "alice+spam": ("bob",), "postmaster": ("alice",)},
        ),
        "b\u00fccher.example": Domain(("alice",), subaddress_separator=""),
        "dash.example": Domain(("mary", "mary-jane"), catch_all="mary", subaddress_separator="-"),
    },
    "/srv/mail/{domain}/{mailbox}",
)


def find(directory: Directory, forward_path: str) -> tuple[Destination, ...]:
    """Look up what a client wrote behind TO: with SMTPUTF8."""
    address = read_rcpt(b"TO:" + forward_path.encode(), utf8=True).address
    assert address is not None
    found = directory.find(address)
    assert isinstance(found, tuple)
    return found


def refused(directory: Directory, forward_path: str) -> tuple[Reply, str]:
    """Give the reply and the reason with which a forward-path is refused."""
    with pytest.raises(Refused) as caught:
        find(directory, forward_path)
    return caught.value.reply, caught.value.reason
