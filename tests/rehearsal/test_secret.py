"""The client's end of TLS in memory: good handshakes, bad ones, and goodbyes."""

import pytest
from OpenSSL.SSL import TLS_METHOD, Connection, Context
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from gomail.rehearsal.secret import SecretWire
from gomail.reply import Reply
from gomail.smtp.encryption import Creator
from gomail.smtp.factory import SMTPFactory
from gomail.testing.recording import Recorder
from tests.smtp.certificate import ServerTLS

PEER = IPv4Address("TCP", "192.0.2.1", 40695)


@implementer(IOpenSSLServerConnectionCreator)
class Useless:
    """A server's end without a certificate: no client can shake hands with it."""

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        """Begin one."""
        return Connection(Context(TLS_METHOD), None)


def wire(tls: Creator) -> tuple[Clock, SecretWire, Recorder]:
    """Connect to a server that offers TLS, and say STARTTLS."""
    clock, recorder = Clock(), Recorder()
    made = SecretWire(SMTPFactory(recorder, "mx.here.example", clock, tls=tls), clock, PEER)
    made.say("EHLO client.example")
    assert made.say("STARTTLS").code == 220
    return clock, made, recorder


def shaken(clock: Clock, made: SecretWire) -> bool:
    """Shake hands, and tell whether that was any good."""
    results: list[bool] = []
    Deferred.fromCoroutine(made.encrypt()).addCallback(results.append)
    for _ in range(10):
        clock.advance(0)
    [result] = results
    return result


def test_mail_goes_under_tls() -> None:
    """As in plaintext: replies, and content of many records; QUIT ends with TLS's goodbye."""
    clock, made, recorder = wire(ServerTLS())
    assert shaken(clock, made)
    assert made.say("EHLO client.example").code == 250
    content = b"Subject: x\r\n\r\n" + b"y" * 200_000 + b"\r\n"
    results: list[Reply] = []
    mailed = made.mailed("a@client.example", ["b@here.example"], content)
    Deferred.fromCoroutine(mailed).addCallback(results.append)
    for _ in range(50):
        clock.advance(0)
    assert [reply.code for reply in results] == [250]
    assert recorder.messages[0].content == content
    assert made.say("QUIT").code == 221
    for _ in range(10):
        clock.advance(0)
    assert made.closed


def test_handshake_that_fails_is_told() -> None:
    """Nobody waits for it for ever."""
    clock, made, _ = wire(Useless())
    assert not shaken(clock, made)
    assert made.closed


def test_octets_that_are_no_tls_end_the_connection() -> None:
    """What the server says in plaintext, where TLS was to begin, is no handshake."""
    clock, made, _ = wire(ServerTLS())
    results: list[bool] = []
    Deferred.fromCoroutine(made.encrypt()).addCallback(results.append)
    made._arrived(b"220 hello\r\n")
    clock.advance(0)
    assert results == [False]


@pytest.mark.parametrize("dropped", [True, False])
def test_connection_that_is_lost_ends_the_handshake(dropped: bool) -> None:  # noqa: FBT001 -- as given
    """Whoever has lost it; a handshake that nobody goes on with has a deadline at the server."""
    clock, made, _ = wire(ServerTLS())
    results: list[bool] = []
    Deferred.fromCoroutine(made.encrypt()).addCallback(results.append)
    if dropped:
        made.drop()
        clock.advance(0)
        assert results == [False]
    else:
        for _ in range(10):
            clock.advance(0)
        assert results == [True]
