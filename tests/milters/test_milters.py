"""Milters of a session: what they hear, and what becomes of its messages."""

from dataclasses import replace

import pytest

from gomail.address import NULL_PATH
from gomail.envelope import Client, Encryption, MailParameters
from gomail.milters.changes import AddField, ChangeField, amended
from gomail.milters.options import Step
from gomail.milters.outcome import Outcome
from gomail.milters.packets import packet
from gomail.reply import MILTER_DEFERS, MILTER_REFUSES, Reply
from tests.milters.filter import (
    ANN,
    CLIENT,
    CONTINUE,
    HEADER,
    SILENT,
    Filter,
    House,
    added,
    again,
    begun,
    kinds,
    now,
    result_of,
    said_by,
)

SPAM = b"y", b"550 5.7.0 Spam\0"


def test_milter_hears_a_message_in_order() -> None:
    """From the client to the end of the body, each piece as the protocol has it."""
    house = House(Filter())
    assert house.reactor.unixClients == []
    assert result_of(house.mail()) is None
    assert house.message(b"Hello\n", b"\n.\n") == Outcome()
    house.session.close()
    assert house.filters[0].heard[1:] == [
        (b"C", b"[192.0.2.1]\x004\x12\x67192.0.2.1\0"),
        (b"H", b"client.example\0"),
        (b"M", b"<joe@example.com>\0"),
        (b"R", b"<ann@example.org>\0"),
        (b"T", b""),
        (b"L", b"From\0 joe@example.com\0"),
        (b"L", b"Subject\0 a\n letter\0"),
        (b"L", b"X\0tight\0"),
        (b"N", b""),
        (b"B", b"Hello\r\n\r\n.\r\n"),
        (b"E", b""),
        (b"A", b""),
        (b"Q", b""),
    ]
    assert house.wires[0].disconnecting
    macros = house.filters[0].macros
    assert macros[b"M"][:2] == [b"{mail_addr}", b"joe@example.com"]
    assert macros[b"E"] == [b"i", b"q1"]
    assert house.told == []


def test_parameters_are_told() -> None:
    """As MAIL had them; an IPv6 address, and no path."""
    house = House(Filter())
    client = replace(CLIENT, address="2001:db8::1", port=None)
    parameters = MailParameters(1000, "8BITMIME", utf8=True)
    asked = begun(house.session.mail(client, NULL_PATH, parameters))
    house.connect_all()
    assert result_of(asked) is None
    heard = house.filters[0].heard
    assert kinds(heard, b"C") == [b"[2001:db8::1]\x006\0\x002001:db8::1\0"]
    assert kinds(heard, b"M") == [b"<>\0SIZE=1000\0BODY=8BITMIME\0SMTPUTF8\0"]


def test_client_of_a_unix_socket_has_no_address() -> None:
    """It is told as such."""
    house = House(Filter())
    assert result_of(house.mail(Client("s1", helo="here"))) is None
    assert kinds(house.filters[0].heard, b"C") == [b"localhost\0U"]


def test_connection_is_kept_for_the_session() -> None:
    """The next message begins with MAIL; one that is given up is said to be."""
    house = House(Filter())
    result_of(house.mail())
    house.session.abort()
    result_of(house.mail())
    house.message(b"x\n")
    result_of(house.mail())
    assert house.filters[0].commands() == "OCHMAMRTLLLNBEAM"
    assert house.connected == 1


@pytest.mark.parametrize(
    "client",
    [
        CLIENT.named("other.example", esmtp=True),
        replace(CLIENT, encryption=Encryption("TLSv1.3", "AES", 256)),
    ],
)
def test_client_by_another_name_is_introduced_anew(client: Client) -> None:
    """As after a new EHLO, or STARTTLS: by a new connection."""
    house = House(Filter())
    result_of(house.mail())
    result_of(house.mail(client))
    assert house.filters[0].commands() == "OCHMAQOCHM"


def test_milter_that_was_restarted_is_connected_to_again() -> None:
    """Between two messages nobody minds."""
    house = House(Filter())
    result_of(house.mail())
    house.message()
    house.wires[0].gone()
    assert result_of(house.mail()) is None
    assert house.connected == 2
    assert house.told == []


def test_milter_leaves_out_what_it_does_not_want() -> None:
    """Commands, answers, and the space behind a colon."""
    house = House(Filter(steps=Step.NO_HELO | Step.NO_RCPT | SILENT))
    result_of(house.mail())
    assert house.message(b"x\n") == Outcome()
    heard = house.filters[0].heard
    assert kinds(heard, b"L")[0] == b"From\0joe@example.com\0"
    assert house.filters[0].commands() == "OCMTLLLNBEA"


@pytest.mark.parametrize("line", [b"From joe Mon Jun 16 10:00:00 2025\n", b">From joe\n"])
def test_line_of_an_mbox_is_no_field(line: bytes) -> None:
    """Milters can't be shown it, and the header goes on behind it."""
    house = House(Filter())
    result_of(house.mail())
    house.message(header=line + b"A : 1\n")
    assert kinds(house.filters[0].heard, b"L") == [b"A\0 1\0"]


def test_large_field_fits_into_a_command() -> None:
    """Libmilter takes no larger ones, and would hang up: so a sender could get by unseen."""
    house = House(Filter())
    result_of(house.mail())
    house.message(header=b"N" * 120_000 + b": " + b"v" * 120_000 + b"\n")
    (shown,) = kinds(house.filters[0].heard, b"L")
    assert shown == b"N" * 1000 + b"\0 " + b"v" * 59_999 + b"\0"


def test_body_comes_in_large_pieces() -> None:
    """However it is cut, and never above 65,535 octets."""
    house = House(Filter(steps=SILENT | Step.LEADING_SPACE))
    result_of(house.mail())
    body = b"0123456\n" * 20_000
    house.message(body[:100_001], body[100_001:100_002], body[100_002:])
    pieces = kinds(house.filters[0].heard, b"B")
    assert b"".join(pieces) == body.replace(b"\n", b"\r\n")
    assert [len(piece) for piece in pieces] == [65535, 65535, 180_000 - 2 * 65535]


def test_milter_may_skip_the_rest_of_the_body() -> None:
    """And hears the end."""
    house = House(Filter({b"B": packet(b"s")}))
    result_of(house.mail())
    house.message(b"x" * 200_000)
    assert house.filters[0].commands() == "OCHMRTLLLNBEA"


def test_changes_are_told_with_the_outcome() -> None:
    """Fields and quarantine, before the last word; a long wait is excused."""
    end = packet(b"p") + added(b"X-Spam", b" Yes") + packet(b"m", b"\0\0\0\1Subject\0\0")
    end += packet(b"q", b"looks bad\0") + packet(b"a")
    house = House(Filter({b"E": end}))
    result_of(house.mail())
    changes = (AddField(b"X-Spam", b" Yes"), ChangeField(1, b"Subject", b""))
    assert house.message() == Outcome(None, changes, "milter unix:/0: looks bad")
    assert amended(HEADER, changes) == b"From: joe@example.com\nX:tight\nX-Spam: Yes\n"


def test_what_was_not_offered_is_passed_over() -> None:
    """It is told, once for each kind, and costs no mail."""
    end = (
        packet(b"-", b"<ann@example.org>\0") * 3
        + packet(b"b", b"x" * 60_000) * 300
        + added(b"X", b"y")
        + CONTINUE
    )
    house = House(Filter({b"E": end}))
    result_of(house.mail())
    assert house.message() == Outcome(None, (AddField(b"X", b"y"),))
    assert house.told == [
        "milter unix:/0: it asks for a recipient to be removed, which is not done",
        "milter unix:/0: it asks for the body to be replaced, which is not done",
    ]


@pytest.mark.parametrize("stage", [b"M", b"T", b"N", b"L", b"B", b"E"])
@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (packet(b"r"), MILTER_REFUSES),
        (packet(b"t"), MILTER_DEFERS),
        (packet(*SPAM), Reply(550, "7.0", "Spam")),
    ],
)
def test_milter_refuses_a_message(stage: bytes, said: bytes, reply: Reply) -> None:
    """At any stage; it hears no more of it, and of the next one all."""
    house = House(Filter({stage: said}))
    refusal = result_of(house.mail())
    if refusal is None:
        assert now(house.session.recipient(ANN)) is None
        refusal = now(house.session.data("q1"))
    if refusal is None:
        house.session.header(HEADER)
        house.session.body(b"x" * 70_000)
        house.session.body(b"x" * 70_000)
        refusal = now(house.session.end(again())).refusal
    assert said_by(refusal) == reply
    assert refusal is not None
    assert refusal.reason == "milter unix:/0: it refuses"
    house.session.abort()
    assert house.filters[0].commands()[-2:] == stage.decode() + "A"
    house.filters[0].answers[stage] = CONTINUE
    assert result_of(house.mail()) is None
    assert house.message() == Outcome()


def test_milter_refuses_the_last_piece() -> None:
    """There is no end then."""
    house = House(Filter({b"B": packet(b"r")}))
    result_of(house.mail())
    assert said_by(house.message(b"x\n").refusal) == MILTER_REFUSES
    assert house.filters[0].commands().endswith("NBA")


def test_milter_refuses_one_recipient() -> None:
    """The others get the message."""
    filtering = Filter({b"R": packet(*SPAM)})
    house = House(filtering)
    result_of(house.mail())
    refusal = now(house.session.recipient(ANN))
    assert refusal is not None
    assert refusal.reply.code == 550
    filtering.answers[b"R"] = CONTINUE
    assert house.message() == Outcome()


@pytest.mark.parametrize("stage", [b"C", b"H"])
def test_milter_refuses_a_client(stage: bytes) -> None:
    """Each of its messages, and asks no more."""
    house = House(Filter({stage: packet(*SPAM)}))
    for _ in range(2):
        refusal = result_of(house.mail())
        assert refusal is not None
        assert refusal.reply == Reply(550, "7.0", "Spam")
        house.session.abort()
    assert house.filters[0].commands() == "OCH"[: 2 if stage == b"C" else 3]


def test_milter_accepts_a_client() -> None:
    """It hears of none of its messages."""
    house = House(Filter({b"C": packet(b"a")}))
    for _ in range(2):
        assert result_of(house.mail()) is None
        assert house.message(b"x\n") == Outcome()
    assert house.filters[0].commands() == "OC"


def test_milter_accepts_a_message_early() -> None:
    """It hears no more of it, and of the next one all."""
    house = House(Filter({b"M": packet(b"a")}))
    result_of(house.mail())
    assert house.message(b"x\n") == Outcome()
    house.filters[0].answers[b"M"] = CONTINUE
    result_of(house.mail())
    house.message()
    assert house.filters[0].commands() == "OCHMAMRTLLLNEA"


@pytest.mark.parametrize("stage", [b"M", b"R", b"L", b"E"])
def test_what_a_milter_discards_is_kept_apart(stage: bytes) -> None:
    """It is answered 250, and so it is stored."""
    house = House(Filter({stage: packet(b"d")}))
    result_of(house.mail())
    assert house.message() == Outcome(None, (), "milter unix:/0: discarded")


def test_client_can_not_be_discarded() -> None:
    """As in Sendmail, that means nothing."""
    house = House(Filter({b"C": packet(b"d")}))
    result_of(house.mail())
    assert house.message() == Outcome()


def test_without_milters_there_is_nothing_to_do() -> None:
    """Everything is welcome."""
    house = House()
    assert result_of(house.mail()) is None
    assert house.message(b"x\n") == Outcome()
    house.session.close()
