"""STARTTLS in memory: what is forgotten, what leaves how, and the handshake (RFC 3207)."""

from dataclasses import replace

import pytest
from OpenSSL.SSL import TLS1_2_VERSION
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import formatEvent

from gomail.events import Refusal, SessionStarted
from gomail.limits import Limits
from gomail.reply import Refused, Reply
from gomail.smtp.encryption import HANDSHAKE_TIME
from tests.smtp.certificate import ClientTLS, ServerTLS
from tests.smtp.client import ClientEnd
from tests.smtp.desk import MANNERS, Desk, refuse
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, octets_of, ready
from tests.smtp.wire import logged_failures

TRUSTED = replace(CLIENT, trusted=True)


def test_facts_of_tls_are_known() -> None:
    """In trace fields and in the log: version, cipher and bits."""
    talk = ready()
    talk.encrypt()
    talk.say(*ENVELOPE, "DATA", "Hello", ".", "QUIT")
    encryption = talk.desk.stored[0][0].client.encryption
    assert encryption is not None
    assert encryption.version == "TLSv1.3"
    assert encryption.cipher.startswith("TLS_")
    assert encryption.bits >= 128
    assert talk.end.client.encryption == encryption


def test_delivery_is_greeted_again_and_knows_no_name() -> None:
    """What was said in plaintext is not told to anybody (RFC 3207 §4.2)."""
    talk = ready()
    talk.encrypt()
    assert [client.helo for client in talk.desk.clients] == ["", "client.example", ""]
    assert [client.esmtp for client in talk.desk.clients] == [False, True, False]
    assert [bool(client.encryption) for client in talk.desk.clients] == [False, False, True]
    assert [client.session_id for client in talk.desk.clients] == ["0123456789"] * 3
    assert len(talk.told(SessionStarted)) == 1


@pytest.mark.parametrize("manner", MANNERS)
def test_delivery_that_refuses_the_client_under_tls_ends_the_session(manner: str) -> None:
    """As it would have at the banner."""
    talk = ready(desk=Desk(Clock(), manner))
    talk.desk.plans["greeted"] = refuse(Reply(554, "7.1", "Not from here"))
    talk.encrypt()
    assert talk.hear() == b"554 5.7.1 Not from here [0123456789]\r\n"
    talk.wait(0)
    assert talk.closed
    assert not talk.wire.cuts


@pytest.mark.parametrize("client", [CLIENT, TRUSTED])
@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize(
    "injected",
    [b"MAIL FROM:<evil@there.example>\r\n", b"N", b"\r\n", b"\r", b"\0", b"\x16\x03\x01"],
)
def test_f3_octets_behind_starttls_end_the_session(
    injected: bytes, client: object, *, local: bool
) -> None:
    """CVE-2011-0411: not one of them is ever looked at, whoever is forgiven other things."""
    talk = Talk(starttls=True, client=client, local=local)  # type: ignore[arg-type]
    talk.say("EHLO client.example")
    talk.send(b"STARTTLS\r\n" + injected)
    assert talk.codes() == ["554"]
    assert talk.closed
    assert talk.desk.told == ["greeted", "greeted"]
    assert talk.end.verbs == "ehlo=1 starttls=0/1"


def test_f3_octets_in_the_next_packet_are_no_handshake() -> None:
    """A moment later they are TLS's, which can't read them: nothing is said in plaintext."""
    talk = ready()
    assert talk.hear() == b""
    talk.send(b"MAIL FROM:<evil@there.example>\r\n" * 3)
    talk.wait(1)
    assert talk.closed
    assert not [octets for octets in talk.wire.sent if b"50" in octets[:2]]
    assert talk.desk.told == ["greeted", "greeted"]
    assert talk.end.reason.startswith("the TLS handshake failed: ")  # as OpenSSL puts it


def test_f3_octets_that_came_before_the_220_are_no_commands() -> None:
    """They were taken while the command before STARTTLS was awaited, and are for TLS to read."""
    talk = Talk(starttls=True)
    talk.say("EHLO client.example")
    welcome: Deferred[None] = Deferred()
    talk.desk.plans["mail"] = lambda *_: welcome
    talk.send(octets_of(["MAIL FROM:<a@there.example>", "STARTTLS"]), octets_of(ENVELOPE))
    welcome.errback(Refused(Reply(450, "7.1", "Not now")))
    talk.clock.pump([0] * 3)
    assert talk.hear().startswith(b"450 4.7.1 Not now [0123456789]\r\n220 2.0.0 ")
    assert talk.desk.told == ["greeted", "greeted", "mail"]
    assert talk.closed
    assert talk.end.reason.startswith("the TLS handshake failed")


@pytest.mark.parametrize("cut", [1, 2, 7, 100])
def test_handshake_may_come_in_any_pieces(cut: int) -> None:
    """A record's end is no packet's."""
    talk = ready()
    talk.encrypt(cut=cut)
    assert talk.say(*ENVELOPE).count(b"\r\n") > 3


@pytest.mark.parametrize("manner", MANNERS)
def test_f3_no_octet_of_a_reply_leaves_in_plaintext(manner: str) -> None:
    """Whatever is said after the 220 is said under TLS: the wire is read octet by octet."""
    talk = ready(desk=Desk(Clock(), manner))
    start = len(talk.wire.sent)
    tls = talk.encrypt()
    talk.say(*ENVELOPE, "NOOP", "HELP", "DATA", "Hello", ".", "RSET", "XYZZY")
    talk.wait(400)
    assert tls.plaintext.heard.endswith(b"421 4.4.2 Timed out waiting for you [0123456789]\r\n")
    wire = b"".join(talk.wire.sent[start:])
    while wire:  # it is TLS records, one behind the other, and nothing else (RFC 8446 §5.1)
        kind, version, length = wire[0], wire[1:3], int.from_bytes(wire[3:5], "big")
        assert kind in {20, 21, 22, 23}
        assert version == b"\x03\x03"
        wire = wire[5 + length :]


def test_replies_that_waited_leave_before_the_handshake_in_plaintext() -> None:
    """A client that reads late hears all that was said before the 220, then the 220, then TLS."""
    talk = Talk(starttls=True)
    talk.say("EHLO client.example")
    talk.wire.room = 0
    talk.send(b"HELP\r\nNOOP\r\n")
    talk.wire.room = 3
    talk.wire.poll()
    talk.clock.advance(0)
    talk.wire.room = None
    talk.wire.poll()
    talk.clock.advance(0)
    talk.send(b"STARTTLS\r\n")
    assert talk.codes() == ["214", "250", "220"]
    talk.encrypt()
    assert talk.say("EHLO client.example").startswith(b"250-here.example\r\n250-PIPELINING")


def test_220_that_the_kernel_does_not_take_leaves_in_plaintext_all_the_same() -> None:
    """Behind it waits nothing, and TLS begins when the client has read it."""
    talk = Talk(starttls=True)
    talk.say("EHLO client.example")
    talk.wire.room = 2
    talk.send(b"STARTTLS\r\n")
    assert talk.hear() == b"22"
    talk.wire.room = None
    talk.wire.poll()
    talk.clock.advance(0)
    assert talk.hear() == b"0 2.0.0 Ready to start TLS\r\n"
    talk.encrypt()
    assert talk.codes() == []
    assert talk.say("NOOP") == b"250 2.0.0 OK\r\n"


def test_e11_handshake_has_ten_seconds() -> None:
    """Octets in between don't extend them, and nothing is said."""
    talk = ready()
    talk.hear()
    hello = b"".join(ClientEnd(talk.wire, ClientTLS()).out)
    for octet in hello[: HANDSHAKE_TIME - 1]:
        talk.send(bytes([octet]))
        talk.wait(1)
    assert not talk.closed
    talk.wait(1)
    assert talk.closed
    assert talk.wire.cuts == 1
    assert talk.end.reason == "the client did not end the TLS handshake in time"


def test_e11_no_other_clock_runs_in_a_handshake() -> None:
    """However little time a command has: nothing could be said in plaintext."""
    talk = ready(limits=Limits(command_timeout=3, transaction_gap=4))
    talk.hear()
    talk.clock.pump([1] * (HANDSHAKE_TIME - 1))
    assert not talk.closed
    talk.encrypt()
    assert talk.say("NOOP") == b"250 2.0.0 OK\r\n"


def test_time_after_the_handshake_is_a_commands_time() -> None:
    """The handshake's clock has stopped."""
    talk = ready()
    talk.encrypt()
    talk.wait(299)
    assert not talk.closed
    assert talk.say("NOOP").startswith(b"250")


def test_p11_client_without_a_cipher_of_ours_is_gone() -> None:
    """The log says why it went."""
    talk = ready()
    talk.encrypt(ClientTLS(b"AES128-SHA", TLS1_2_VERSION))
    talk.wait(1)
    assert talk.closed
    assert talk.end.reason == "the TLS handshake failed: no shared cipher"
    assert talk.end.verbs == "ehlo=1 starttls=1"


def test_client_that_leaves_in_the_handshake_is_told_so() -> None:
    """Who counts such ends finds those who can't use our TLS."""
    talk = ready()
    talk.leave()
    assert talk.end.reason.startswith("the client left in the TLS handshake: ")


def test_name_of_before_is_told_in_the_end() -> None:
    """It counts for nothing under TLS; whoever leaves there without a word is known by it."""
    talk = ready()
    talk.encrypt()
    talk.leave()
    assert (talk.end.client.helo, talk.end.claimed) == ("", "client.example")
    plain = Talk(starttls=True)
    plain.say("EHLO client.example", "QUIT")
    assert (plain.end.client.helo, plain.end.claimed) == ("client.example", "")


def test_certificate_that_can_not_be_used_is_454(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours: it is logged, and the client may go on in plaintext (RFC 3207 §4)."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    talk = Talk(starttls=True)
    talk.say("EHLO client.example")
    monkeypatch.setattr(ServerTLS, "serverConnectionForTLS", fail)
    with logged_failures() as logged:
        assert talk.say("STARTTLS") == b"454 4.7.0 TLS can't be had now [0123456789]\r\n"
    assert [event["log_failure"].type for event in logged] == [ZeroDivisionError]
    assert talk.told(Refusal)[0].reason == "starting TLS failed: ZeroDivisionError"
    talk.say(*ENVELOPE[1:], "DATA", "Hello", ".")
    assert len(talk.desk.stored) == 1


def test_starttls_through_a_wrapper() -> None:
    """Something of Twisted's between session and socket does not keep TLS from being noticed."""
    talk = ready(wrapped=True)
    talk.encrypt()
    talk.say(*ENVELOPE, "DATA", "Hello", ".")
    assert talk.desk.stored[0][0].client.encryption is not None
    assert [client.helo for client in talk.desk.clients][-2:] == ["", "client.example"]


def test_crcrlf_is_mended_under_tls_too() -> None:
    """Nothing is held back from before."""
    talk = ready(local=True)
    talk.encrypt()
    talk.send(b"EHLO client.example\r\r\n")
    talk.send(b"NOOP\r\r\n")
    assert talk.codes() == ["250", "250"]


@pytest.mark.parametrize("manner", MANNERS)
def test_refused_is_no_failure_of_ours(manner: str) -> None:
    """A refusal at the greeting under TLS is not logged as a fault."""
    talk = ready(desk=Desk(Clock(), manner))

    def plan(_: object) -> None:
        raise Refused(Reply(421, "7.0", "Later"))

    talk.desk.plans["greeted"] = plan
    with logged_failures() as logged:
        talk.encrypt()
    assert logged == []
    assert talk.hear().startswith(b"421")


@pytest.mark.parametrize("manner", MANNERS)
def test_client_is_not_welcomed_under_tls_by_a_reply(manner: str) -> None:
    """A refusal that is given, and not raised, is a fault; it ends the session as one would."""
    talk = ready(desk=Desk(Clock(), manner))
    talk.desk.plans["greeted"] = lambda _: Reply(550, "7.1", "No")
    with logged_failures() as logged:
        talk.encrypt()
    assert [formatEvent(event) for event in logged] == ["TLS (greeted) failed [0123456789]"]
    assert logged[0]["log_failure"].getErrorMessage().startswith("Desk.greeted: None (or Refused")
    assert talk.hear().startswith(b"451")
    assert talk.closed
