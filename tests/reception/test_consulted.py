"""Milters hear of each message while it comes; it is refused, changed or kept apart as they say."""

from errno import EIO
from struct import pack
from typing import Any

import pytest
from twisted.internet.error import ConnectError
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from gomail.events import Checked, Junked, MessageStored, Refusal, Trouble
from gomail.limits import Limits
from gomail.message.spool import Spool
from gomail.milters.milter import MilterSettings
from gomail.milters.milters import Milters
from gomail.milters.packets import packet
from gomail.milters.place import Place
from gomail.reception.consulting import Consulting, junk_field
from tests.faults.client import name_of
from tests.faults.house import House
from tests.milters.filter import Filter, Wire, added, kinds
from tests.reception.examining import FORGED, UNSIGNED, examine

TEXT = b"From: joe@client.example\r\nSubject: a letter\r\n\r\nDear Ann\r\n"
STORED = TEXT.replace(b"\r\n", b"\n")
REJECT, TEMPFAIL, DISCARD = packet(b"r"), packet(b"t"), packet(b"d")
QUARANTINE = packet(b"q", b"looks bad\0")


class Reactor(MemoryReactorClock):
    """Connects at once to filters by their paths; where there is none, that is refused."""

    def __init__(self, filters: dict[str, Filter]) -> None:
        super().__init__()
        self.filters = filters
        self.wires: list[Wire] = []

    def connectUNIX(self, address: str, factory: Any, *arguments: Any, **how: Any) -> Any:  # noqa: ANN401 -- Twisted's
        """Connect."""
        connector = super().connectUNIX(address, factory, *arguments, **how)
        if address in self.filters:
            wire = Wire(self.filters[address].parser())
            wire.protocol = factory.buildProtocol(None)
            self.wires.append(wire)
            wire.protocol.makeConnection(wire)
        else:
            factory.clientConnectionFailed(connector, Failure(ConnectError()))
        return connector


class Consulted:
    """A house whose messages are shown to milters."""

    def __init__(self, house: House, *filters: Filter, on_failure: Any = "accept") -> None:  # noqa: ANN401 -- a word of two
        self.house = house
        self.told: list[str] = []
        named = {f"/{number}": each for number, each in enumerate(filters)}
        self.reactor = Reactor(named)
        settings = [MilterSettings(Place(path), on_failure=on_failure) for path in named]
        self.milters = Milters(settings, self.reactor, "mx.here.example", self.told.append)
        self.consult()

    def consult(self, *junk: str) -> None:
        """Have them consulted, some of whom may say that a message is junk."""
        fields = [junk_field(each) for each in junk]
        self.house.office.consulting = Consulting(self.milters, fields)


def test_milter_hears_everything_and_the_message_is_stored(house: House) -> None:
    """In the order of a session; two messages go over one connection, which ends with it."""
    filtering = Filter()
    consulted = Consulted(house, filtering)
    client = house.connect()
    for _ in range(2):
        assert client.mail("alice", "bob") == [250, 250]
        name_of(client.message(TEXT))
    assert filtering.commands().replace("A", "") == "OCH" + "MRRTLLNBE" * 2
    assert kinds(filtering.heard, b"M")[0] == b"<a@client.example>\0"
    assert kinds(filtering.heard, b"R")[:2] == [b"<alice@here.example>\0", b"<bob@here.example>\0"]
    assert b"".join(kinds(filtering.heard, b"B")) == b"Dear Ann\r\n" * 2
    assert all(stored.endswith(STORED) for stored in house.messages("bob"))
    [wire] = consulted.reactor.wires
    assert not wire.disconnecting
    client.leave()
    assert wire.disconnecting
    assert consulted.told == []


@pytest.mark.parametrize(
    ("command", "what"), [(b"M", "sender"), (b"R", "recipient"), (b"T", "data"), (b"E", "message")]
)
@pytest.mark.parametrize(("answer", "code"), [(REJECT, b"55"), (TEMPFAIL, b"451")])
def test_milter_may_refuse(
    house: House, command: bytes, what: str, answer: bytes, code: bytes
) -> None:
    """At each step; nothing is stored, the log says who it was, and the session goes on."""
    filtering = Filter({command: answer})
    Consulted(house, filtering)
    client = house.connect()
    sender = client.say(b"MAIL FROM:<a@client.example>")
    if what == "sender":
        assert sender.startswith(code)
    else:
        recipient = client.say(b"RCPT TO:<alice@here.example>")
        if what == "recipient":
            assert recipient.startswith(code)
        elif what == "data":
            assert client.say(b"DATA").startswith(code)
        else:
            assert client.message(TEXT).startswith(code)
    assert house.messages("alice") == []
    (refusal,) = house.told(Refusal)
    assert "unix:/0" in refusal.reason
    del filtering.answers[command]
    client.say(b"RSET")
    assert client.mail("alice") == [250]
    name_of(client.message(TEXT))


def test_refused_recipient_gets_nothing(house: House) -> None:
    """And the others do."""
    filtering = Filter({b"R": REJECT})
    Consulted(house, filtering)
    client = house.connect()
    assert client.mail("alice")[0] == 550
    del filtering.answers[b"R"]
    assert client.say(b"RCPT TO:<bob@here.example>").startswith(b"250")
    name_of(client.message(TEXT))
    assert house.messages("alice") == []
    assert len(house.messages("bob")) == 1


@pytest.mark.parametrize("big", [False, True], ids=["small", "spooled"])
def test_header_is_stored_as_milters_have_changed_it(house: House, *, big: bool) -> None:
    """Each of two; the second sees what the first has made of it, and all of the body."""
    if big:
        house.office.limits = Limits(content_in_memory=1000)
    change = packet(b"m", pack("!I", 1) + b"Subject\0 a bill\0")
    first = Filter({b"E": added(b"X-First", b" yes") + change + packet(b"c")})
    second = Filter({b"E": added(b"X-Second", b" yes") + packet(b"c")})
    Consulted(house, first, second)
    body = b"0123456789abcde\r\n" * (30_000 if big else 1)
    client = house.connect()
    client.mail("alice")
    name_of(client.message(TEXT, body))
    (stored,) = house.messages("alice")
    header = b"From: joe@client.example\nSubject: a bill\nX-First: yes\nX-Second: yes\n"
    whole = header + b"\nDear Ann\n" + body.replace(b"\r\n", b"\n")
    assert stored.endswith(b"+0000\n" + whole)
    assert b"".join(kinds(second.heard, b"B")) == b"Dear Ann\r\n" + body
    assert b"X-First\0 yes\0" in kinds(second.heard, b"L")
    (event,) = house.told(MessageStored)
    assert event.size == len(whole)
    assert house.office.memory.used == 0


@pytest.mark.parametrize("answer", [QUARANTINE + packet(b"c"), DISCARD])
def test_what_a_milter_would_keep_apart_is_junk(house: House, answer: bytes) -> None:
    """What it would throw away, too: 250 means stored."""
    Consulted(house, Filter({b"E": answer}))
    client = house.connect()
    client.mail("alice")
    name_of(client.message(TEXT))
    assert house.messages("alice") == []
    (stored,) = house.messages("alice/.Junk")
    assert stored.endswith(STORED)
    (event,) = house.told(Junked)
    assert event.reason.startswith("milter unix:/0: ")


def test_field_of_a_milter_may_mean_junk(house: House) -> None:
    """A milter's, and not the sender's."""
    filtering = Filter({b"E": added(b"x-spam", b" YES") + packet(b"c")})
    consulted = Consulted(house, filtering)
    consulted.consult("X-Other: 1", "X-Spam: Yes")
    client = house.connect()
    client.mail("alice")
    name_of(client.message(TEXT))
    assert len(house.messages("alice/.Junk")) == 1
    (event,) = house.told(Junked)
    assert event.reason == "a milter says x-spam: yes"
    del filtering.answers[b"E"]
    client.mail("alice")
    name_of(client.message(b"X-Spam: Yes\r\n" + TEXT))
    assert len(house.messages("alice")) == 1


def test_milter_that_is_not_there_costs_no_mail(house: House) -> None:
    """Mail is taken at once, or deferred where that is wanted."""
    consulted = Consulted(house, Filter())
    del consulted.reactor.filters["/0"]
    client = house.connect()
    assert client.mail("alice") == [250]
    name_of(client.message(TEXT))
    assert len(house.messages("alice")) == 1
    assert len(consulted.told) == 1


def test_milter_that_dies_within_a_message_costs_no_mail(house: House) -> None:
    """Nor does one that talks nonsense."""
    filtering = Filter({b"E": b"\xff\xff\xff\xff?"})
    consulted = Consulted(house, filtering, on_failure="defer")
    client = house.connect()
    client.mail("alice")
    assert client.message(TEXT).startswith(b"451 4.7.1")
    assert house.messages("alice") == []
    assert len(consulted.told) == 1


def test_session_keeps_its_milters(house: House) -> None:
    """Where others are wanted meanwhile, or none, those who come later have them."""
    filtering, other = Filter(), Filter()
    consulted = Consulted(house, filtering)
    client = house.connect()
    client.mail("alice")
    name_of(client.message(TEXT))
    Consulted(house, other)
    client.mail("alice")
    name_of(client.message(TEXT))
    house.office.consulting = None
    client.mail("alice")
    name_of(client.message(TEXT))
    assert filtering.commands().count("E") == 3
    assert other.commands() == ""
    late = house.connect()
    late.mail("alice")
    name_of(late.message(TEXT))
    assert filtering.commands().count("M") == 3
    assert len(consulted.reactor.wires) == 1


def test_disk_that_cannot_be_read_defers_the_message(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second milter can't be shown it; that is no milter's fault, and is answered as such."""
    house.office.limits = Limits(content_in_memory=1000)
    Consulted(house, Filter(), Filter())
    client = house.connect()
    client.mail("alice")

    def broken(*_: object) -> bytes:
        raise OSError(EIO, "Input/output error")

    monkeypatch.setattr(Spool, "read", broken)
    assert client.message(TEXT, b"0123456789abcde\r\n" * 10_000).startswith(b"451 4.2.0 ")
    assert house.messages("alice") == []
    (trouble,) = house.told(Trouble)
    assert "Input/output error" in trouble.what
    assert house.office.memory.used == 0
    monkeypatch.undo()
    assert client.mail("alice", "bob") == [451, 250]
    name_of(client.message(TEXT))


def test_checks_and_milters_work_together(house: House) -> None:
    """Results that bear our name are not shown to milters, and both have their say."""
    examine(house)
    filtering = Filter({b"E": added(b"X-Scanned", b" yes") + packet(b"c")})
    Consulted(house, filtering)
    client = house.connect()
    client.mail("alice")
    name_of(client.message(FORGED + UNSIGNED))
    (stored,) = house.messages("alice/.Junk")
    assert b"dmarc=fail" in stored
    assert b"\nX-Scanned: yes\n\n" in stored
    assert FORGED.replace(b"\r\n", b"\n") not in stored
    assert not any(b"Authentication-Results" in field for field in kinds(filtering.heard, b"L"))
    assert len(house.told(Checked)) == 1


def test_client_that_leaves_within_content_leaves_nothing(house: House) -> None:
    """The milter is told to forget the message, and the connection is closed."""
    filtering = Filter()
    consulted = Consulted(house, filtering)
    client = house.connect()
    client.mail("alice")
    client.say(b"DATA")
    client.send(TEXT)
    client.leave()
    assert filtering.commands()[-2:] == "AQ"
    [wire] = consulted.reactor.wires
    assert wire.disconnecting
    assert house.messages("alice") == []


def test_recipient_in_a_database_is_asked_about(house: House) -> None:
    """As any other, where the disk has to be asked first."""
    filtering = Filter()
    Consulted(house, filtering)
    client = house.connect()
    assert client.mail("carol", "nobody") == [250, 550]
    assert kinds(filtering.heard, b"R") == [b"<carol@here.example>\0"]
