"""One message in the Maildir, as it was sent; or none, where bare line ends are refused."""

import re
from pathlib import Path

from gomail.events import MessageStored
from tests.faults.house import Connection, House, opened
from tests.smtp.reference import reference
from tests.smuggling.sequences import SMUGGLERS, Sequence, second, wire

BARE = re.compile(rb"(?<!\r)\n")
DOTTED = tuple(each for each in SMUGGLERS if each.dot == ".")
SECOND = second(recipient=b"bob@here.example")


def content_of(sequence: Sequence) -> bytes:
    """Give the content that there is, by the standard."""
    content, rest = reference(wire(sequence, SECOND) + b".\r\n")
    assert rest == b""
    return content


def send(client: Connection, sequence: Sequence) -> bytes:
    """Send a message to alice with one to bob hidden in it; give the reply."""
    assert client.mail("alice") == [250]
    return client.message(wire(sequence, SECOND))


def check_nothing_behind(client: Connection) -> None:
    """See that the reply was the only one: what was hidden was no command."""
    assert client.say(b"NOOP") == b"250 2.0.0 OK\r\n"


def test_f1_one_message_is_stored_octet_for_octet(tmp_path: Path) -> None:
    """CRLF as the LF that a Maildir has, a stuffed dot taken away, everything else as it came."""
    with opened(tmp_path) as house:
        client = house.connect()
        for number, sequence in enumerate(DOTTED, start=1):
            reply = send(client, sequence)
            name = reply.removeprefix(b"250 2.0.0 stored as ").strip().decode()
            stored = (tmp_path / "alice/new" / name).read_bytes()
            content = content_of(sequence)
            assert stored.endswith(b" +0000\n" + content.replace(b"\r\n", b"\n")), sequence.name
            told = house.told(MessageStored)
            assert len(told) == number, sequence.name
            assert told[-1].bare_newlines == len(BARE.findall(content)), sequence.name
            check_nothing_behind(client)
        assert len(house.messages("alice")) == len(DOTTED)
        assert house.messages("bob") == []


def test_f1_a_bare_lf_is_refused_behind_the_true_end(tmp_path: Path) -> None:
    """With ``bare-newline = "refuse"`` nothing is stored of any of them, and nothing is run."""
    house = House(tmp_path, refuse_bare_newlines=True)
    for sequence in SMUGGLERS:
        if not BARE.search(content_of(sequence)):
            continue  # it is stored, as above
        client = house.connect()
        reply = send(client, sequence)
        assert reply.startswith(b"550 5.6.0 Line ends must be CRLF"), sequence.name
        check_nothing_behind(client)
        client.leave()
    house.rest()
    assert house.told(MessageStored) == []
    assert house.messages("alice") == house.messages("bob") == []
    assert house.office.memory.used == 0
    house.bench.close()


def test_f1_without_a_bare_lf_nothing_is_refused(tmp_path: Path) -> None:
    """CR, NUL and all the rest are content to a listener that refuses a bare LF."""
    house = House(tmp_path, refuse_bare_newlines=True)
    client = house.connect()
    proper = [each for each in DOTTED if not BARE.search(content_of(each))]
    assert 20 <= len(proper) < len(DOTTED)
    for sequence in proper:
        assert send(client, sequence).startswith(b"250 2.0.0 stored as "), sequence.name
        check_nothing_behind(client)
    assert len(house.messages("alice")) == len(proper)
    assert house.messages("bob") == []
    house.rest()
    house.bench.close()
