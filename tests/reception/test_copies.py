"""Several recipients: who gets a copy, how many there are, and what one more costs."""

import re
import tracemalloc
from pathlib import Path

from gomail.address import Address
from gomail.events import MessageStored
from gomail.limits import Limits
from gomail.reception import Reception
from tests.faults.client import name_of
from tests.faults.house import MAILBOXES, STORED, TEXT, House
from tests.reception.traces import trace


def test_address_given_twice_gets_one_copy(house: House) -> None:
    """A sender that repeats itself fills no mailbox."""
    client = house.connect()
    assert client.mail("alice", "alice", "ALICE") == [250, 250, 250]
    name_of(client.message(TEXT))
    (stored,) = house.messages("alice")
    head = trace("Delivered-To: alice@here.example\n", None)
    assert re.fullmatch(head + re.escape(STORED), stored)


def test_two_aliases_of_one_mailbox_get_one_copy(house: House) -> None:
    """The copy tells by which of its addresses it came."""
    client = house.connect()
    assert client.mail("info", "alice", "sales") == [250, 250, 250]
    name_of(client.message(TEXT))
    (stored,) = house.messages("alice")
    head = trace(
        "X-Original-To: info@here.example\n"
        "Delivered-To: alice@here.example\n"
        "Delivered-To: alice@here.example\n"
        "X-Original-To: sales@here.example\n"
        "Delivered-To: alice@here.example\n",
        None,
    )
    assert re.fullmatch(head + re.escape(STORED), stored)


def test_thirty_aliases_of_one_mailbox_are_told_twenty_times(house: House) -> None:
    """A message to all aliases of a mailbox has no endless header."""
    client = house.connect()
    client.mail(*(f"alias{number}" for number in range(30)))
    name_of(client.message(TEXT))
    (stored,) = house.messages("alice")
    assert stored.count(b"Delivered-To: ") == 20


def test_alias_of_several_mailboxes_gives_each_a_copy(house: House) -> None:
    """Each copy names its own mailbox, and the reply the first one's file."""
    client = house.connect()
    assert client.mail("team", "bob", "carol") == [250, 250, 250]
    name = name_of(client.message(TEXT))
    assert (house.root / "alice/new" / name).exists()
    for mailbox, addresses in (
        ("alice", "X-Original-To: team@here.example\nDelivered-To: alice@here.example\n"),
        (
            "bob",
            (
                "X-Original-To: team@here.example\nDelivered-To: bob@here.example\n"
                "Delivered-To: bob@here.example\n"
            ),
        ),
        ("carol", "Delivered-To: carol@here.example\n"),
    ):
        (stored,) = house.messages(mailbox)
        assert re.fullmatch(trace(addresses, None) + re.escape(STORED), stored)
    (event,) = house.told(MessageStored)
    assert [copy.mailbox for copy in event.copies] == [f"{each}@here.example" for each in MAILBOXES]


def test_copies_of_one_message_are_bounded(tmp_path: Path) -> None:
    """Aliases may stand for many mailboxes: further recipients wait for the next message."""
    house = House(tmp_path, Limits(recipients=3))
    client = house.connect()
    assert client.mail("team", "alice") == [250, 250]
    client.say(b"RSET")
    house.office.limits = Limits(recipients=1)
    assert client.mail("alice", "team") == [250, 452]
    name_of(client.message(TEXT))
    client.leave()
    house.bench.close()


def test_thousandth_recipient_costs_what_the_tenth_does(tmp_path: Path) -> None:
    """To count the copies, those before are not gone through again."""
    house = House(tmp_path, Limits(recipients=5000))
    reception = Reception(house.office)
    address = Address("alice", "here.example")
    alice = house.office.directory.find(address)
    assert isinstance(alice, tuple)

    def octets() -> int:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        reception._note(alice, address, ["/mail/0"])
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        needed = []
        for count in (10, 1000):
            for number in range(count):
                reception._note(alice, address, [f"/mail/{number}"])
            needed.append(min(octets() for _ in range(10)))  # other threads allocate as well
    finally:
        tracemalloc.stop()
    assert needed[1] <= needed[0] + 100
    house.bench.close()
