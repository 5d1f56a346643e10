"""
How a client leaves, or sends ahead, while it is still to be answered: over real sockets.

One that closes its side hears all that it has asked for; one that is gone is noticed.
"""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
    connectProtocol,
)
from twisted.internet.task import deferLater

from gomail.server.proxy.factory import ProxiedFactory
from gomail.server.tcp import TCPPort
from gomail.smtp.protocol import MUCH
from tests.patience import PATIENCE
from tests.smtp.office import Dialler, Office, reactor, serving, turns
from tests.smtp.talk import ENVELOPE, octets_of
from tests.smtp.wire import logged_failures

# Twisted hands its own certificates to pyOpenSSL in a way that this has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")

HEADER = b"PROXY TCP4 192.0.2.1 192.0.2.25 40695 25\r\n"
WAYS = ("tcp", "prompt", "unix", "proxy")  # TLS has an end of its own: tests/smtp/test_goodbye.py


@asynccontextmanager
async def reached(way: str, folder: Any, manner: str) -> AsyncIterator[tuple[Office, Any]]:  # noqa: ANN401 -- a py.path
    """Give a server that is reached in that *way*, and a client that has heard its banner."""
    if way in {"tcp", "tls"}:
        async with serving(manner, tls=way == "tls") as office:
            client = await office.dial()
            await client.hear(b"220 ")
            yield office, client
        return
    office = Office(manner)
    factory: Any = office.factory
    if way == "proxy":
        factory = ProxiedFactory(office.factory, (ip_network("127.0.0.0/8"),))
    port: Any
    if way == "unix":
        port = await UNIXServerEndpoint(reactor, str(folder / "smtp")).listen(factory)
    else:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        port = TCPPort(reactor, listening, factory)
        port.startListening()
    endpoint: Any = UNIXClientEndpoint(reactor, str(folder / "smtp"))
    if way != "unix":
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    try:
        client = await connectProtocol(endpoint, Dialler())
        if way == "proxy":
            client.transport.write(HEADER)
        await client.hear(b"220 ")
        yield office, client
    finally:
        await maybeDeferred(port.stopListening)
        office.factory.abort()
        await office.idle()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("manner", ["now", "deferred", "coroutine"])
@pytest_twisted.ensureDeferred
async def test_f9_client_that_closes_its_side_behind_its_dot_hears_the_verdict(
    way: str, manner: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A connection that is closed on one side still carries our 250."""
    async with reached(way, tmp_path_factory.mktemp("s"), manner) as (office, client):
        client.say(ENVELOPE[0])
        await client.hear(b"250 HELP")
        client.say(*ENVELOPE[1:], "DATA")
        await client.hear(b"354 ")
        client.say("Hello", ".")
        client.transport.loseWriteConnection()
        assert (await client.end()).endswith(b"\r\n250 2.0.0 Stored\r\n")
        await office.idle()
        assert len(office.desk.stored) == 1
        assert [end.reason for end in office.ends] == ["the client left"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("manner", ["now", "deferred", "coroutine"])
@pytest_twisted.ensureDeferred
async def test_f9_client_that_closes_its_side_behind_many_commands_hears_every_reply(
    way: str, manner: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whichever of them had to be waited for, and whatever came ahead of its answer."""
    async with reached(way, tmp_path_factory.mktemp("s"), manner) as (office, client):
        client.say(ENVELOPE[0])
        await client.hear(b"250 HELP")
        client.heard = b""
        client.say(*ENVELOPE[1:], "RCPT TO:<c@here.example>")
        await deferLater(reactor, 0)
        client.say("NOOP", "RSET", *ENVELOPE[1:], "VRFY a")
        client.transport.loseWriteConnection()
        said = await client.end()
        codes = [line[:3] for line in said.split(b"\r\n")[:-1]]
        assert codes == [b"250"] * 7 + [b"252"]
        await office.idle()


@pytest.mark.parametrize("way", [*WAYS, "tls"])
@pytest_twisted.ensureDeferred
async def test_client_that_closes_its_side_and_waits_for_nothing_is_gone(
    way: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It hears nothing that it has not asked for."""
    async with reached(way, tmp_path_factory.mktemp("s"), "deferred") as (office, client):
        client.transport.loseWriteConnection()
        assert (await client.end()).count(b"\r\n") == 1
        await office.idle()
        assert [end.reason for end in office.ends] == ["the client left"]


@pytest.mark.parametrize("way", [*WAYS, "tls"])
@pytest.mark.parametrize("manner", ["now", "deferred"])
@pytest_twisted.ensureDeferred
async def test_session_ends_with_quit(
    way: str, manner: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However the transport sees the end of a connection that we have given up."""
    async with reached(way, tmp_path_factory.mktemp("s"), manner) as (office, client):
        client.say(ENVELOPE[0])
        await client.hear(b"250 HELP")
        client.say(ENVELOPE[1], "QUIT")
        assert (await client.end()).endswith(b"221 2.0.0 Bye\r\n")
        await office.idle()
        assert [end.reason for end in office.ends] == [""]


@pytest_twisted.ensureDeferred
async def test_client_that_closes_its_side_in_the_middle_of_content_has_sent_no_message() -> None:
    """What came is thrown away, with no reply to it."""
    async with serving("deferred") as office:
        client = await office.dial()
        client.say(*ENVELOPE)
        client.say("DATA")
        await client.hear(b"354 ")
        client.say("Hello")
        client.transport.loseWriteConnection()
        assert (await client.end()).endswith(b"<CRLF>.<CRLF>\r\n")
        await office.idle()
        assert [message.end for message in office.desk.messages] == ["lost"]
        assert [end.verbs for end in office.ends] == ["ehlo=1 mail=1 rcpt=1 data=0/1"]


@pytest_twisted.ensureDeferred
async def test_f9_reset_is_noticed_while_the_verdict_is_awaited() -> None:
    """The message is stored all the same; nothing is said, and the session ends with it."""
    async with serving() as office:
        verdict: Deferred[None] = Deferred()
        office.desk.plans["eom"] = lambda: verdict.addCallback(
            lambda _: office.desk.messages[0].store()
        )
        client = await office.dial()
        client.say(*ENVELOPE)
        client.say("DATA")
        await client.hear(b"354 ")
        client.say("Hello", ".")
        await turns()
        (session,) = office.factory._sessions
        assert not session._conversation.lost
        client.transport.abortConnection()
        await turns()
        assert session._conversation.lost
        assert office.factory.sessions == 1
        verdict.callback(None)
        assert office.factory.sessions == 0
        assert len(office.desk.stored) == 1


@pytest_twisted.ensureDeferred
async def test_reset_before_our_banner_is_no_failure_of_ours() -> None:
    """The delivery may take its time to welcome a client, and then there is none."""
    async with serving(trusted=()) as office:
        welcome: Deferred[None] = Deferred()
        office.desk.plans["greeted"] = lambda _: welcome
        client = await office.dial()
        await turns()
        client.transport.abortConnection()
        await turns()
        with logged_failures() as logged:
            welcome.callback(None)
        assert not logged
        assert [end.reason for end in office.ends] == ["the client left"]


@pytest_twisted.ensureDeferred
async def test_e2_client_that_sends_on_and_on_while_it_is_to_wait_fills_no_memory() -> None:
    """All that it sends is answered, in its order; until then nearly all of it is the kernel's."""
    rounds = 100
    async with serving() as office:
        welcome: Deferred[None] = Deferred()
        office.desk.plans["rcpt"] = lambda _: welcome
        sender = socket.create_connection(("127.0.0.1", office.client._port), PATIENCE)
        sender.setblocking(False)
        sender.send(octets_of(ENVELOPE) + b"VRFY a\r\n")
        packet = b"NOOP " + os.urandom(400).hex().encode() + b"\r\n"
        sent = 0
        for _ in range(200):
            await deferLater(reactor, 0)
            while sent < 20_000 * len(packet):
                try:
                    sent += sender.send((packet * 1000)[sent % len(packet) :])
                except BlockingIOError:
                    break
        (session,) = office.factory._sessions
        kept = len(session._ahead) + len(session._buffer)
        assert 0 < kept <= 65536 + MUCH
        assert sent > 4 * kept
        welcome.callback(None)
        heard = b""
        while heard.count(b"\r\n250 2.0.0 OK") < rounds:
            await deferLater(reactor, 0.01)
            heard += sender.recv(1 << 20)
        sender.close()
        assert heard.index(b"2.1.5 Recipient OK") < heard.index(b"252 ") < heard.index(b"2.0.0 OK")
