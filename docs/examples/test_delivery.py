"""Tests of a delivery of one's own: a message by hand, then the conformance kit."""

import sqlite3

import pytest
import pytest_twisted
from delivery import Tickets

from gomail.reply import NO_SUCH_MAILBOX
from gomail.testing.bench import Subject
from gomail.testing.conformance import CHECKS
from gomail.testing.wire import MemoryServer

LETTER = b"Subject: It is broken\r\n\r\nPlease help.\r\n"


@pytest.fixture
def tickets(tmp_path):
    return Tickets(tmp_path / "tickets.db", "support@here.example", "sales@here.example")


def contents(tickets):
    database = sqlite3.connect(tickets.path)
    try:
        return [row[0] for row in database.execute("SELECT content FROM ticket")]
    except sqlite3.OperationalError:  # there is no table yet
        return []
    finally:
        database.close()


@pytest_twisted.ensureDeferred
async def test_letter_becomes_a_ticket(tickets):
    from twisted.internet import reactor

    wire = MemoryServer(tickets, clock=reactor).connect()
    reply = await wire.mailed("user@client.example", ["support@here.example"], LETTER)
    assert reply.code == 250
    assert contents(tickets) == [LETTER]


def test_others_are_refused(tickets):
    wire = MemoryServer(tickets).connect()
    reply = wire.mail("user@client.example", ["ceo@here.example"], LETTER)
    assert reply == NO_SUCH_MAILBOX
    assert "C: RCPT TO:<ceo@here.example>" in wire.transcript


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest_twisted.ensureDeferred
async def test_conformance(check, tickets):
    from twisted.internet import reactor

    subject = Subject(
        tickets,
        stored=lambda: contents(tickets),
        forward_paths=("support@here.example", "sales@here.example"),
        unknown="ceo@here.example",
        clock=reactor,
    )
    await check(subject)
