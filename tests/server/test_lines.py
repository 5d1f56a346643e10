"""Events as lines: what each one says, and that nobody can forge one."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given

from gomail.envelope import Encryption
from gomail.events import (
    CertificateChanged,
    ContentDropped,
    Event,
    HealthChanged,
    Junked,
    Measured,
    Said,
    SessionStarted,
    Trouble,
)
from gomail.health import WELL, Health, Reason, State
from gomail.server.lines import as_json, escaped, one_object, printable, text
from tests.server.events import CHECKED, CLIENT, ENDED, ENVELOPE, REFUSED, STORED, any_event

POOR = Health(
    (
        Reason("disk-full", State.FAILING, "the disk\u2028 is full"),
        Reason("lag", State.DEGRADED, "the reactor is 2.0 s late"),
    )
)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            CertificateChanged(
                ("mx.example", "*.example"), datetime(2027, 1, 2, 3, 4, tzinfo=UTC), "0A"
            ),
            "certificate of mx.example, *.example until 2027-01-02 03:04 UTC is in force (0A)",
        ),
        (
            CHECKED,
            (
                "checked 0123456789.1: spf=pass mailfrom=client.example, dmarc=permerror "
                "(From names several domains) from=a.example from=b.example: "
                "junk by dmarc-permerror; would refuse by spf-fail"
            ),
        ),
        (
            CHECKED._replace(findings=(), action="mark", rule="", shadows=()),
            "checked 0123456789.1: nothing: mark",
        ),
        (
            ENDED,
            (
                "session 0123456789 of 192.0.2.1:40695 ('client.example'): "
                "ehlo=1 mail=1 rcpt=1/2 data=1 quit=1, plaintext, 1.500 s, 2048 octets"
            ),
        ),
        (
            ENDED._replace(
                client=replace(CLIENT, helo="", encryption=Encryption("TLSv1.3", "AES", 256)),
                verbs="",
                reason="the client left",
            ),
            (
                "session 0123456789 of 192.0.2.1:40695: nothing said, TLSv1.3 AES, "
                "1.500 s, 2048 octets; the client left"
            ),
        ),
        (
            STORED,
            (
                "stored 0123456789.1 from <me@client.example> to <you@here.example>, 1234 octets, "
                "in 12.5 ms, for you as /mail/new/1"
            ),
        ),
        (
            STORED._replace(
                envelope=ENVELOPE._replace(forward_paths=ENVELOPE.forward_paths * 5),
                bare_newlines=2,
            ),
            (
                "stored 0123456789.1 from <me@client.example> to <you@here.example> "
                "<you@here.example> <you@here.example> and 2 more, 1234 octets, 2 bare-lf, "
                "in 12.5 ms, for you as /mail/new/1"
            ),
        ),
        (
            REFUSED,
            (
                "refused 0123456789 of 192.0.2.1:40695 ('client.example') after "
                "'RCPT TO:<no@here.example>': 550 5.1.1 No such mailbox here: nobody of that name"
            ),
        ),
        (
            REFUSED._replace(said=b"", reason=""),
            (
                "refused 0123456789 of 192.0.2.1:40695 ('client.example'): "
                "550 5.1.1 No such mailbox here"
            ),
        ),
        (
            ContentDropped(ENVELOPE, "the end never came"),
            "dropped 0123456789.1 from <me@client.example>: the end never came",
        ),
        (
            Junked(ENVELOPE, "a milter says x-spam: yes"),
            "junk 0123456789.1 from <me@client.example>: a milter says x-spam: yes",
        ),
        (HealthChanged(WELL), "health ok"),
        (
            HealthChanged(POOR),
            r"health failing: the disk\u2028 is full; the reactor is 2.0 s late",
        ),
        (Measured(), None),
        (Trouble("the disk is full"), "trouble: the disk is full"),
        (SessionStarted(CLIENT), None),
        (Said(CLIENT, "C", b"NOOP"), None),
    ],
)
def test_event_is_a_line(event: Event, line: str | None) -> None:
    """Each kind of event has its line, or none."""
    assert text(event) == line


def test_session_is_an_object() -> None:
    """The keys of a session's object are those that programs rely on."""
    assert json.loads(as_json(ENDED) or "") == {
        "event": "session",
        "session": "0123456789",
        "peer": "192.0.2.1:40695",
        "helo": "client.example",
        "tls": None,
        "verbs": {"ehlo": "1", "mail": "1", "rcpt": "1/2", "data": "1", "quit": "1"},
        "seconds": 1.5,
        "octets": 2048,
        "reason": "",
    }


def test_message_is_an_object() -> None:
    """The keys of a message's object are those that programs rely on."""
    assert json.loads(as_json(STORED) or "") == {
        "event": "stored",
        "id": "0123456789.1",
        "peer": "192.0.2.1:40695",
        "from": "<me@client.example>",
        "to": ["<you@here.example>"],
        "recipients": 1,
        "size": 1234,
        "bare-lf": 0,
        "ms": 12.5,
        "copies": [{"mailbox": "you", "path": "/mail/new/1"}],
    }


def test_what_was_found_out_is_an_object() -> None:
    """A property may stand there several times, as in ``gomail check --json``."""
    checked = json.loads(as_json(CHECKED) or "")
    assert (checked["event"], checked["id"]) == ("checked", "0123456789.1")
    assert (checked["action"], checked["rule"]) == ("junk", "dmarc-permerror")
    assert checked["would"] == [{"action": "refuse", "rule": "spf-fail"}]
    assert checked["findings"][1] == {
        "method": "dmarc",
        "result": "permerror",
        "properties": [
            {"type": "header", "name": "from", "value": "a.example"},
            {"type": "header", "name": "from", "value": "b.example"},
        ],
        "reason": "From names several domains",
    }


def test_refusal_dropped_content_and_trouble_are_objects() -> None:
    """The rarer events have objects, too; those without a line have none."""
    refused = json.loads(as_json(REFUSED) or "")
    assert refused["event"] == "refused"
    assert (refused["code"], refused["status"]) == (550, "5.1.1")
    assert refused["said"] == "'RCPT TO:<no@here.example>'"
    dropped = json.loads(as_json(ContentDropped(ENVELOPE, "why")) or "")
    assert (dropped["event"], dropped["reason"]) == ("dropped", "why")
    junk = json.loads(as_json(Junked(ENVELOPE, "why")) or "")
    assert (junk["event"], junk["id"], junk["reason"]) == ("junk", ENVELOPE.id, "why")
    trouble = {"event": "trouble", "what": "what"}
    assert json.loads(as_json(Trouble("what")) or "") == trouble
    changed = CertificateChanged(("mx.example",), datetime(2027, 1, 2, tzinfo=UTC), "0A")
    assert json.loads(as_json(changed) or "") == {
        "event": "certificate",
        "names": ["mx.example"],
        "ends": "2027-01-02T00:00:00+00:00",
        "serial": "0A",
    }
    assert as_json(Said(CLIENT, "C", b"NOOP")) is None


def test_health_is_an_object() -> None:
    """The words of its reasons are those that programs rely on."""
    assert json.loads(as_json(HealthChanged(POOR)) or "") == {
        "event": "health",
        "state": "failing",
        "reasons": {
            "disk-full": "the disk\u2028 is full",
            "lag": "the reactor is 2.0 s late",
        },
    }
    well = {"event": "health", "state": "ok", "reasons": {}}
    assert json.loads(as_json(HealthChanged(WELL)) or "") == well
    assert as_json(Measured()) is None


@given(any_event)
def test_n5_any_event_is_one_line_of_printable_ascii(event: Event) -> None:
    """Whatever a peer says, and paths are called, a line can't break or ring a bell (N5)."""
    for line in (text(event), as_json(event)):
        assert line is None or (line.isascii() and line.isprintable())
    written = as_json(event)
    assert written is None or isinstance(json.loads(written), dict)


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        (b"HELO x", "'HELO x'"),
        ("x", "'x'"),
        (b"\r\n\x1b\x07\xff", r"'\r\n\x1b\x07\xff'"),
        ("\u2028\u202e{x.__class__}", r"'\u2028\u202e{x.__class__}'"),
        (b"x" * 101, "'" + "x" * 100 + "'..."),
        (b"it's", '"it\'s"'),
    ],
)
def test_what_the_peer_says_is_quoted_and_cut(octets: bytes | str, line: str) -> None:
    """It stands in quotes, controls are escaped, and a long one is cut."""
    assert escaped(octets) == line


def test_del_is_escaped_in_objects() -> None:
    """JSON would let it be."""
    assert one_object({"a": "\x7f"}) == '{"a": "\\u007f"}'


def test_plain_text_stays_as_it_is() -> None:
    """Escaping begins where a sign is not printable ASCII, backslashes included."""
    assert printable(r"a\b {c} %d") == r"a\b {c} %d"
    assert printable("a\\b\n") == r"a\\b\n"
