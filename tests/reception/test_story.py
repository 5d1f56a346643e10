"""The story: from MAIL to the file in the Maildir, on a real disk, by the real dialogue."""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.address import NULL_PATH, Address
from gomail.address import Path as ForwardPath
from gomail.delivery.committer import Committer
from gomail.delivery.places import Places
from gomail.delivery.room import Room
from gomail.envelope import NO_PARAMETERS, Client, Envelope
from gomail.events import MessageStored
from gomail.limits import Limits
from gomail.reception import Reception, Receptions
from gomail.recipients.domain import Domain
from gomail.recipients.register import build
from gomail.recipients.sqlite import Stored
from tests.delivery.bench import left_over, maildirs, messages
from tests.faults.client import name_of
from tests.faults.house import MAILBOXES, STORED, TEXT, House
from tests.reception.traces import trace

SMALL = Limits(content_in_memory=1000, unwritten=3000, header_size=10**6, header_fields=10**6)


def test_message_is_stored_as_the_reply_says(house: House) -> None:
    """The file that the 250 names is there: trace fields, then the content, octet by octet."""
    client = house.connect()
    assert client.mail("alice") == [250]
    name = name_of(client.message(TEXT))
    stored = (house.root / "alice/new" / name).read_bytes()
    head = trace("Delivered-To: alice@here.example\n", "alice@here.example")
    assert re.fullmatch(head + re.escape(STORED), stored)
    assert name.endswith(f".mx.here.example,S={len(stored)}")
    (event,) = house.told(MessageStored)
    assert [(copy.mailbox, copy.path) for copy in event.copies] == [
        ("alice@here.example", f"{house.root}/alice/new/{name}")
    ]
    assert (event.size, event.bare_newlines) == (len(STORED), 0)


CONTENT = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"\0", b"\xff", b"A: b\r\n", b"x" * 600])
    | st.binary(max_size=30)
).map(b"".join)


@pytest.fixture(scope="module")
def small_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server that keeps little in memory, for many messages."""
    house = House(tmp_path_factory.mktemp("house"), SMALL)
    yield house
    assert house.office.memory.used == 0
    house.bench.close()


@settings(deadline=None)
@given(content=CONTENT, cuts=st.lists(st.integers(1, 700), min_size=1), seed=st.integers(0, 9))
def test_f8_octets_are_the_senders(
    small_house: House, content: bytes, cuts: Sequence[int], seed: int
) -> None:
    """Any octets, however the network cut them, arrive with LF for CRLF and no other change."""
    content = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    wire = re.sub(rb"(\A|\r\n)\.", rb"\1..", content) + b".\r\n"
    client = small_house.connect()
    assert client.mail("alice") == [250]
    assert client.say(b"DATA").startswith(b"354 ")
    start = 0
    for number in range(len(wire)):
        length = cuts[(number + seed) % len(cuts)]
        if start < len(wire):
            client.send(wire[start : start + length])
        start += length
    name = name_of(client._hear())
    path = small_house.root / "alice/new" / name
    head = trace("Delivered-To: alice@here.example\n", "alice@here.example")
    stored = path.read_bytes()
    path.unlink()
    assert re.fullmatch(head + re.escape(content.replace(b"\r\n", b"\n")), stored)
    client.leave()


def test_big_message_is_stored_whole(house: House) -> None:
    """A message of megabytes goes by way of the spool file, to each mailbox."""
    big = b"A: b\r\n\r\n" + b"0123456789abcde\r\n" * 200_000
    client = house.connect()
    assert client.mail("alice", "bob") == [250, 250]
    name_of(client.message(*(big[i : i + 65536] for i in range(0, len(big), 65536))))
    for mailbox in ("alice", "bob"):
        (stored,) = house.messages(mailbox)
        assert stored.endswith(b"+0000\n" + big.replace(b"\r\n", b"\n"))
        assert left_over(house.root / mailbox) == []


def test_big_message_needs_no_other_folder_than_its_maildir(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where /home is root's, spool files lie in the tmp/ of a Maildir that may be written."""
    near: list[str] = []
    real = os.open

    def opened(path: str, flags: int, *arguments: int, **where: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            near.append(path)
        return real(path, flags, *arguments, **where)

    monkeypatch.setattr(os, "open", opened)
    client = house.connect()
    client.mail("bob", "alice")
    name_of(client.message(b"\r\n", b"x" * 300_000 + b"\r\n"))
    assert near == [f"{house.root}/bob/tmp"]


def test_second_message_of_a_session_goes_to_its_own_recipients(house: House) -> None:
    """Nothing of one transaction is left over in the next."""
    client = house.connect()
    client.mail("alice")
    client.say(b"RSET")
    client.mail("bob")
    name_of(client.message(TEXT))
    client.mail("carol")
    name_of(client.message(TEXT))
    assert [len(house.messages(mailbox)) for mailbox in MAILBOXES] == [0, 1, 1]


def test_sub_address_finds_its_folder(house: House) -> None:
    """alice+lists goes to the folder lists if there is one, else to the inbox."""
    maildirs(house.root, "alice", "alice/.lists")
    client = house.connect()
    assert client.mail("alice+lists", "alice+other", "alice+../bob") == [250, 250, 250]
    name_of(client.message(TEXT))
    (listed,) = messages(house.root / "alice/.lists")
    assert b"\nDelivered-To: alice+lists@here.example\n" in listed
    (stored,) = house.messages("alice")
    assert stored.count(b"Delivered-To: ") == 2
    assert house.messages("bob") == []


def test_mailbox_in_a_database_is_asked_for_off_the_reactor(tmp_path: Path) -> None:
    """A site of many mailboxes keeps them in SQLite; who is no row there is nobody."""
    house = House(tmp_path)
    database = house.root / "mail.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE mailboxes (domain TEXT, name TEXT)")
        connection.execute("INSERT INTO mailboxes VALUES ('here.example', 'dave')")
    house.office.directory = build(
        {"here.example": Domain(f"sqlite:{database}")},
        f"{house.root}/{{mailbox}}",
        off_reactor=house.bench.committer.run,
    )
    client = house.connect()
    assert client.mail("dave", "nobody", "dave") == [250, 550, 250]
    name_of(client.message(TEXT))
    assert len(house.messages("dave")) == 1
    names = house.office.directory.entries["here.example"].hosted.names
    assert isinstance(names, Stored)
    names.database.close()
    house.bench.close()


def test_strangers_are_refused_at_rcpt(house: House) -> None:
    """Nobody's mail is taken: neither for unknown mailboxes nor for other domains."""
    client = house.connect()
    assert client.mail("nobody") == [550]
    assert client.say(b"RCPT TO:<alice@elsewhere.example>").startswith(b"550 5.7.1 ")
    assert client.say(b"DATA").startswith(b"554 ")


def test_recipient_has_an_address(house: House) -> None:
    """The null path is nobody's, whoever asks."""
    with pytest.raises(ValueError, match="an address"):
        Reception(house.office).validateTo(NULL_PATH)


SMUGGLED = b"A: b\r\n\r\nx\n.\nMAIL FROM:<evil@x>\nRCPT TO:<bob@here.example>\nDATA\n\r.\r\n"


def test_f1_bare_newlines_are_stored_and_counted(house: House) -> None:
    """A bare LF ends no message; it is stored as the line end that it is for every reader."""
    client = house.connect()
    client.mail("alice")
    name_of(client.message(SMUGGLED))
    (stored,) = house.messages("alice")
    assert stored.endswith(b"+0000\n" + SMUGGLED.replace(b"\r\n", b"\n"))
    assert house.told(MessageStored)[0].bare_newlines == 5
    assert house.messages("bob") == []


def test_f1_bare_newlines_are_refused_where_that_is_wanted(tmp_path: Path) -> None:
    """The refusal comes after the true end, so nothing in the content is ever a command."""
    house = House(tmp_path, refuse_bare_newlines=True)
    client = house.connect()
    client.mail("alice")
    assert client.message(SMUGGLED).startswith(b"550 5.6.0 Line ends must be CRLF")
    client.mail("alice")
    name_of(client.message(TEXT))
    house.rest()
    assert len(house.messages("alice")) == 1
    assert house.messages("bob") == []
    assert house.office.memory.used == 0
    house.bench.close()


@pytest_twisted.ensureDeferred
async def test_reception_works_with_a_real_reactor(tmp_path: Path) -> None:
    """Without any dialogue before it: what a Twisted developer would write."""
    from twisted.internet import reactor

    committer = Committer(reactor)  # type: ignore[arg-type]
    house = House(tmp_path)
    house.office.committer = committer
    house.office.places = Places(committer, house.bench.clock, str(tmp_path))
    house.office.room = Room(committer, house.bench.clock, str(tmp_path), 0)
    client = Client("c0ffee", "192.0.2.1", 4025, "client.example", esmtp=True)
    alice = ForwardPath(Address("alice", "here.example"))
    sender = ForwardPath(Address("a", "client.example"))
    delivery = Receptions(house.office).deliveryFor(client)
    delivery.greeted(client)
    await _later(delivery.validateFrom(client, sender, NO_PARAMETERS))
    await _later(delivery.validateTo(alice))
    envelope = Envelope("c0ffee.1", client, sender, NO_PARAMETERS, (alice,))
    message: Any = delivery.messageStarted(envelope)
    assert message.octetsReceived(TEXT) is None
    reply = await message.eomReceived()
    delivery.transactionEnded()
    assert (tmp_path / "alice/new" / name_of(reply.octets)).read_bytes().endswith(STORED)
    await committer.stop()


async def _later(answer: Any) -> None:  # noqa: ANN401 - whatever the delivery answers
    """Await an answer that comes later."""
    await answer
