"""The trace fields: their exact text, and nothing in them that the peer could break."""

from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.address import NULL_PATH, Address, Path
from gomail.envelope import Client, Encryption, Envelope, MailParameters
from gomail.message import trace

ALICE = Path(Address("alice", "here.example"))
BOB = Path(Address("bob", "here.example"))
TLS = Encryption("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)
NOW = 1_645_409_953.7


def envelope(client: Client, *paths: Path, utf8: bool = False) -> Envelope:
    """Make the envelope of a message from alice."""
    return Envelope("c0ffee.1", client, ALICE, MailParameters(utf8=utf8), paths)


def client(helo: str = "mx.client.example", **facts: object) -> Client:
    """Make a client that said EHLO."""
    known: dict[str, object] = {"address": "192.0.2.1", "port": 4025, "esmtp": True}
    return Client("c0ffee", helo=helo, **(known | facts))  # type: ignore[arg-type]


def test_received_of_a_session_under_tls() -> None:
    """Received tells who came, how, under which id, for whom and when."""
    field = trace.received(envelope(client(encryption=TLS), BOB), "mx.here.example", NOW)
    assert field == (
        b"Received: from mx.client.example ([192.0.2.1])\n"
        b"\tby mx.here.example (gomail) with ESMTPS id c0ffee.1\n"
        b"\t(TLSv1.3 cipher TLS_AES_256_GCM_SHA384 (256 bits))\n"
        b"\tfor <bob@here.example>;\n"
        b"\tMon, 21 Feb 2022 02:19:13 +0000\n"
    )


def test_received_of_an_old_client_in_plaintext() -> None:
    """Whoever says HELO has spoken SMTP, and no TLS is told of."""
    field = trace.received(envelope(client(esmtp=False), BOB), "mx.here.example", 0)
    assert field == (
        b"Received: from mx.client.example ([192.0.2.1])\n"
        b"\tby mx.here.example (gomail) with SMTP id c0ffee.1\n"
        b"\tfor <bob@here.example>;\n"
        b"\tThu, 1 Jan 1970 00:00:00 +0000\n"
    )


@pytest.mark.parametrize(
    ("esmtp", "encryption", "utf8", "protocol"),
    [
        (False, None, False, b"SMTP"),
        (False, TLS, False, b"SMTP"),
        (True, None, False, b"ESMTP"),
        (True, TLS, False, b"ESMTPS"),
        (True, None, True, b"UTF8SMTP"),
        (True, TLS, True, b"UTF8SMTPS"),
    ],
)
def test_with_names_what_was_spoken(
    *, esmtp: bool, encryption: Encryption | None, utf8: bool, protocol: bytes
) -> None:
    """The names are those registered by RFC 3848 and RFC 6531."""
    who = client(esmtp=esmtp, encryption=encryption)
    field = trace.received(envelope(who, BOB, utf8=utf8), "mx.here.example", NOW)
    assert b" with " + protocol + b" id c0ffee.1\n" in field
    assert (b"TLSv1.3" in field) == (encryption is not None)


@pytest.mark.parametrize(
    ("who", "text"),
    [
        (client(address="2001:db8::1"), b"mx.client.example ([IPv6:2001:db8::1])"),
        (client("[192.0.2.1]"), b"[192.0.2.1] ([192.0.2.1])"),
        (client("[IPv6:2001:db8::1]"), b"[IPv6:2001:db8::1] ([192.0.2.1])"),
        (client(address=None, port=None), b"mx.client.example (unix socket)"),
        (client("localhost", address=None, port=None), b"localhost (unix socket)"),
        (client("under_score-d"), b"under_score-d ([192.0.2.1])"),
    ],
)
def test_from_names_every_kind_of_client(who: Client, text: bytes) -> None:
    """IPv4, IPv6, address literals and unix sockets have their notations."""
    field = trace.received(envelope(who, BOB), "mx.here.example", NOW)
    assert field.startswith(b"Received: from " + text + b"\n")


@pytest.mark.parametrize(
    "helo",
    [
        "",
        "a\r\nX-Forged: y",
        "a\nX-Forged: y",
        "a\rX-Forged: y",
        "a b",
        "a(b)",
        "a;b",
        "a\0b",
        "\x1b[2J",
        "x" * 256,
        "müller.example",
        "mx.example\n",
        "[not closed",
        "[a b]",
        "a\u2028b",
    ],
)
def test_n4_strange_name_is_unknown(helo: str) -> None:
    """A name in HELO can't write header fields of its own."""
    field = trace.received(envelope(client(helo), BOB), "mx.here.example", NOW)
    assert field.startswith(b"Received: from unknown ([192.0.2.1])\n")
    assert field.count(b"\n") == 4


@settings(deadline=None)
@given(st.text())
def test_n4_any_name_gives_one_field(helo: str) -> None:
    """Whatever a client calls itself, a mail reader sees one Received field."""
    field = trace.received(envelope(client(helo), BOB), "mx.here.example", NOW)
    message = message_from_bytes(field + b"\nbody")
    assert message.keys() == ["Received"]
    assert message.get_payload() == "body"


@pytest.mark.parametrize("paths", [(), (ALICE, BOB), (BOB, BOB)])
def test_several_recipients_do_not_learn_of_each_other(paths: tuple[Path, ...]) -> None:
    """Received says for whom only where it was for one."""
    field = trace.received(envelope(client(), *paths), "mx.here.example", NOW)
    assert b"\tfor " not in field
    assert field.endswith(b" id c0ffee.1;\n\tMon, 21 Feb 2022 02:19:13 +0000\n")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (ALICE, "Return-Path: <alice@here.example>\n"),
        (NULL_PATH, "Return-Path: <>\n"),
        (Path(Address("a b", "x.example")), 'Return-Path: <"a b"@x.example>\n'),
        (Path(Address("ä", "ö.example")), "Return-Path: <ä@ö.example>\n"),
    ],
)
def test_return_path_is_the_reverse_path(path: Path, field: str) -> None:
    """A bounce has an empty Return-Path; SMTPUTF8 addresses are written in UTF-8."""
    assert trace.return_path(path) == field.encode()


def test_delivered_to_tells_by_which_address_it_came() -> None:
    """An alias leaves X-Original-To; an address of the mailbox's own does not."""
    pairs = [("alice@here.example", None), ("alice@here.example", "info@here.example")]
    assert trace.delivered_to(pairs) == (
        b"Delivered-To: alice@here.example\n"
        b"X-Original-To: info@here.example\n"
        b"Delivered-To: alice@here.example\n"
    )
    assert trace.delivered_to([]) == b""


def test_delivered_to_stands_twenty_times_at_most() -> None:
    """A thousand aliases of one mailbox don't make a header bomb of our own."""
    pairs = [("a@here.example", f"alias{i}@here.example") for i in range(1000)]
    field = trace.delivered_to(pairs)
    assert field.count(b"Delivered-To: ") == trace.MOST_DELIVERED_TO == 20
    assert field.count(b"X-Original-To: ") == 20


def test_each_second_has_its_own_date() -> None:
    """The date is that of the message, also where many came in the second before."""
    dates = [trace.date(now) for now in (NOW, NOW + 0.2, NOW + 1, NOW)]
    assert [each[20:25] for each in dates] == ["19:13", "19:13", "19:14", "19:13"]


@settings(deadline=None)
@given(st.integers(0, 253_402_300_799))
def test_date_is_read_by_mail_readers(now: int) -> None:
    """Any time until the year 9999 is a date that others understand."""
    assert parsedate_to_datetime(trace.date(now)).timestamp() == now


@pytest.mark.parametrize("size", [0, 25, 40, 998, 1500, 2000])
def test_fields_are_filled_up_with_blanks(size: int) -> None:
    """At the ends of lines, none of which is longer than it may be; they say the same."""
    fields = b"X: one,\n two\n\tthree words\n"
    filled = trace.padded(fields, size)
    assert len(filled) == max(size, len(fields))
    assert max(map(len, filled.splitlines())) <= trace.LONGEST_LINE
    assert [line.rstrip() for line in filled.split(b"\n")] == fields.split(b"\n")


def test_what_has_no_room_for_blanks_stays_shorter() -> None:
    """Whoever asks sees it by the length."""
    assert len(trace.padded(b"X: one\n", 2000)) == trace.LONGEST_LINE
