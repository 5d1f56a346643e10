"""Events as followers hear of them."""

import json
import marshal
from dataclasses import replace

from hypothesis import given

from gomail.envelope import Encryption
from gomail.events import Event, Measured, Said, SessionStarted
from gomail.health import Disk, Share
from gomail.server.control.plain import LONGEST, plain
from gomail.server.lines import one_object
from tests.server.events import CLIENT, STORED, any_event


def test_events_have_the_names_and_keys_of_the_log() -> None:
    """And those that the log has no line for, their own."""
    stored = plain(STORED)
    assert stored is not None
    assert (stored["event"], stored["id"], stored["time"][-1]) == ("stored", "0123456789.1", "Z")
    encrypted = replace(CLIENT, encryption=Encryption("TLSv1.3", "AES", 256))
    connected = plain(SessionStarted(encrypted))
    assert connected is not None
    del connected["time"]
    assert connected == {
        "event": "connected",
        "session": "0123456789",
        "peer": "192.0.2.1:40695",
        "address": "192.0.2.1",
        "helo": "client.example",
        "tls": "TLSv1.3",
        "cipher": "AES",
    }
    measured = plain(Measured(0.5, Share(3, 10), disk=Disk(free=7)))
    assert measured is not None
    del measured["time"]
    assert measured == {"event": "measured", "lag": 0.5, "sessions": 3, "latency": 0.0, "free": 7}


def test_line_of_the_peer_is_escaped_and_cut() -> None:
    """It may be anything."""
    said = plain(Said(CLIENT, "C", b"RCPT TO:<\x1b[2J\xff>" + 2 * LONGEST * b"a"))
    assert said is not None
    assert said["line"].startswith("RCPT TO:<\\x1b[2J\\xff>aaa")
    assert len(said["line"]) < LONGEST + 10
    assert said["speaker"] == "C"


@given(any_event)
def test_n5_any_event_is_printable_ascii_for_followers(event: Event) -> None:
    """Each is one line of JSON, and can be sent from one process to another."""
    told = plain(event)
    if told is not None:
        line = one_object(told)
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line) == marshal.loads(marshal.dumps(told))
