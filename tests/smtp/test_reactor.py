"""What needs a real reactor and a real socket: over the loopback, and over TLS."""

import socket
from dataclasses import replace
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, UNIXServerEndpoint, connectProtocol
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import deferLater
from twisted.mail import smtp
from zope.interface import directlyProvides

from tests.patience import PATIENCE
from tests.smtp.certificate import context
from tests.smtp.office import Dialler, Office, certificate, reactor, serving, turns
from tests.smtp.talk import ENVELOPE, octets_of

# Twisted hands its own certificates to pyOpenSSL in a way that this has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("manner", ["now", "deferred"])
@pytest_twisted.ensureDeferred
async def test_message_is_taken(manner: str, *, tls: bool) -> None:
    """From the banner to the end, over a socket, in the clear and under TLS."""
    async with serving(manner, tls=tls) as office:
        client = await office.dial()
        await client.hear(b"220 here.example")
        client.say(*ENVELOPE, "DATA")
        await client.hear(b"354")
        client.say("Hello", ".", "QUIT")
        said = await client.end()
        assert said.endswith(b"250 2.0.0 Stored\r\n221 2.0.0 Bye\r\n")
        await office.idle()
        assert [content for _, content in office.desk.stored] == [b"Hello\r\n"]
        assert [end.reason for end in office.ends] == [""]
        assert office.ends[0].verbs == "ehlo=1 mail=1 rcpt=1 data=1 quit=1"


@pytest.mark.parametrize("manner", ["now", "deferred"])
@pytest_twisted.ensureDeferred
async def test_message_is_taken_behind_starttls(manner: str) -> None:
    """Plaintext, then TLS, on one connection; BDAT, too, and a clean end."""
    async with serving(manner, starttls=True) as office:
        client = await office.dial()
        await client.hear(b"220 here.example")
        client.say("EHLO client.example")
        await client.hear(b"250 HELP")
        client.say("STARTTLS")
        await client.hear(b"220 2.0.0")
        client.heard = b""
        client.transport.startTLS(CertificateOptions(verify=False))
        client.say("EHLO client.example")
        await client.hear(b"250 HELP")
        assert b"STARTTLS" not in client.heard
        client.transport.write(octets_of([*ENVELOPE[1:], "BDAT 7", "Hello", "BDAT 5 LAST", "you"]))
        await client.hear(b"250 2.0.0 Stored")
        client.say(*ENVELOPE[1:], "DATA")
        await client.hear(b"354")
        client.say("Hello", ".", "QUIT")
        assert (await client.end()).endswith(b"250 2.0.0 Stored\r\n221 2.0.0 Bye\r\n")
        await office.idle()
        assert [content for _, content in office.desk.stored] == [b"Hello\r\nyou\r\n", b"Hello\r\n"]
        assert [end.reason for end in office.ends] == [""]
        encryption = office.ends[0].client.encryption
        assert encryption is not None
        assert encryption.version == "TLSv1.3"


@pytest.mark.parametrize("octets", [b"EHLO client.example\r\n", b"x", b"\0"])
@pytest_twisted.ensureDeferred
async def test_f5_early_talker_is_seen_in_the_kernel(octets: bytes) -> None:
    """What lies there before our banner was not said in answer to it."""
    async with serving(trusted=()) as office:
        talker = socket.create_connection(("127.0.0.1", office.client._port), PATIENCE)
        talker.sendall(octets)
        talker.setblocking(False)
        await office.ended(1)
        said = talker.recv(1000)
        talker.close()
        assert said.startswith(b"554 5.5.1 You spoke before it was your turn [")
        assert office.desk.told == ["greeted"]


class Context:
    """A context factory of the old kind."""

    def getContext(self) -> object:
        """Give the context."""
        return context()


@pytest.mark.parametrize("creator", [lambda: certificate().options(), Context])
@pytest_twisted.ensureDeferred
async def test_certificates_of_twisteds_own_kinds_will_do(creator: Any) -> None:  # noqa: ANN401 -- of any kind
    """CertificateOptions, and whatever gives a context."""
    made = creator()
    if isinstance(made, Context):
        directlyProvides(made, IOpenSSLContextFactory)
    async with serving(starttls=True) as office:
        office.factory._house = office.factory._calm = replace(office.factory.house, tls=made)
        client = await office.dial()
        client.say("EHLO client.example")
        await client.hear(b"250 HELP")
        client.say("STARTTLS")
        await client.hear(b"220 2.0.0")
        client.transport.startTLS(CertificateOptions(verify=False))
        client.heard = b""
        client.say("NOOP", "QUIT")
        assert (await client.end()).endswith(b"221 2.0.0 Bye\r\n")


@pytest_twisted.ensureDeferred
async def test_early_talker_under_tls_is_not_looked_for() -> None:
    """Where TLS comes first, its octets have to come before our banner."""
    async with serving(tls=True, trusted=()) as office:
        client = await office.dial()
        await client.hear(b"220 here.example")


@pytest_twisted.ensureDeferred
async def test_client_that_left_before_our_banner_did_not_speak() -> None:
    """An end is no octet, nor is a reset."""
    async with serving(trusted=()) as office:
        for reset in (False, True):
            caller = socket.create_connection(("127.0.0.1", office.client._port), PATIENCE)
            if reset:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            caller.close()
        await office.ended(2)
        assert {end.reason for end in office.ends} == {"the client left"}


@pytest.mark.parametrize("tls", [False, True])
@pytest_twisted.ensureDeferred
async def test_goodbye_arrives_behind_everything_that_waits(*, tls: bool) -> None:
    """A client that asked for much and reads late gets it all, and the 221 last."""
    rounds = 60
    async with serving(tls=tls) as office:
        client = await office.dial()
        await client.hear(b"220")
        client.transport.pauseProducing()
        client.transport.write(b"HELP\r\n" * 100 * rounds + b"QUIT\r\n")
        await deferLater(reactor, 0.2)
        client.transport.resumeProducing()
        said = await client.end()
        assert said.count(b"214 2.0.0 QUIT\r\n") == 100 * rounds
        assert said.endswith(b"221 2.0.0 Bye\r\n")


@pytest_twisted.ensureDeferred
async def test_f9_reset_in_the_middle_of_content() -> None:
    """Nothing is stored, and the session is over."""
    async with serving() as office:
        client = await office.dial()
        client.say(*ENVELOPE, "DATA")
        await client.hear(b"354")
        client.say("Hello", ".\n.")
        await turns()
        client.transport.abortConnection()
        await client.end()
        await office.idle()
        assert office.desk.stored == []
        assert [message.end for message in office.desk.messages] == ["lost"]
        assert [end.verbs for end in office.ends] == ["ehlo=1 mail=1 rcpt=1 data=0/1"]
        assert [end.reason for end in office.ends] == ["the client left"]


@pytest_twisted.ensureDeferred
async def test_f9_reset_behind_the_dot_stores_all_the_same() -> None:
    """A client that crashes while we store gets a duplicate later, not a loss."""
    async with serving() as office:
        verdict: Deferred[None] = Deferred()
        office.desk.plans["eom"] = lambda: verdict.addCallback(
            lambda _: office.desk.messages[0].store()
        )
        client = await office.dial()
        client.say(*ENVELOPE, "DATA")
        await client.hear(b"354")
        client.say("Hello", ".")
        await turns()
        client.transport.abortConnection()
        await client.end()
        assert office.factory.sessions == 1
        verdict.callback(None)
        await office.idle()
        assert len(office.desk.stored) == 1
        assert office.ends[0].verbs == "ehlo=1 mail=1 rcpt=1 data=1"


@pytest_twisted.ensureDeferred
async def test_nothing_behind_quit_is_run_on_a_real_connection() -> None:
    """Whatever is in the packet, and in the next."""
    async with serving() as office:
        client = await office.dial()
        client.say("QUIT", *ENVELOPE)
        client.say(*ENVELOPE)
        assert (await client.end()).endswith(b"221 2.0.0 Bye\r\n")
        await office.idle()
        assert office.desk.told == ["greeted"]


@pytest_twisted.ensureDeferred
async def test_server_that_leaves_closes_its_sessions() -> None:
    """421, over a socket, and the factory knows when the last is gone."""
    async with serving() as office:
        client = await office.dial()
        await client.hear(b"220")
        await office.factory.leave().addTimeout(PATIENCE, reactor)
        assert b"\r\n421 4.3.2 " in await client.end()


@pytest_twisted.ensureDeferred
async def test_replies_do_not_wait_for_acknowledgement() -> None:
    """A client that pipelines acknowledges 40 ms late, while it waits for the last reply."""
    async with serving() as office:
        client = await office.dial()
        await client.hear(b"220 ")
        (session,) = office.factory._sessions
        connection: Any = session.transport
        assert connection.getTcpNoDelay()


@pytest_twisted.ensureDeferred
async def test_unix_socket(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Programs of this machine may use one."""
    path = tmp_path_factory.mktemp("s") / "smtp"
    office = Office()
    port: Any = await UNIXServerEndpoint(reactor, str(path)).listen(office.factory)
    try:
        client: Any = await connectProtocol(UNIXClientEndpoint(reactor, str(path)), Dialler())
        client.say(*ENVELOPE, "DATA", "Hi", ".", "QUIT")
        assert (await client.end()).endswith(b"221 2.0.0 Bye\r\n")
        await office.idle()
        assert str(office.desk.stored[0][0].client) == "unix"
    finally:
        await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_twisteds_own_client_is_understood() -> None:
    """What twisted.mail sends, dots and all, is what arrives."""
    content = b"From: a\nTo: b\n\n.\n..two\nlast"
    async with serving("deferred") as office:
        accepted, log = await smtp.sendmail(
            b"127.0.0.1",
            b"a@there.example",
            [b"b@here.example", b"c@here.example"],
            content,
            port=office.client._port,
            reactor=reactor,
        )
        assert accepted == 2
        assert {code for _, code, _ in log} == {250}
        ((envelope, stored),) = office.desk.stored
        assert stored == content.replace(b"\n", b"\r\n") + b"\r\n"
        assert [str(path) for path in envelope.forward_paths] == [
            "<b@here.example>",
            "<c@here.example>",
        ]
        await office.idle()
