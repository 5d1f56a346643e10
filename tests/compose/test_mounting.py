"""Servers mounted in an application of one's own, several in a process."""

import socket
from operator import attrgetter
from pathlib import Path
from threading import enumerate as threads

import pytest
import pytest_twisted
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from gomail.compose import mail_service
from gomail.config import Listener
from gomail.events import Event, Measured, MessageStored, Said, SessionEnded
from gomail.limits import Limits
from gomail.server import listening
from gomail.server.sockets import PortError
from gomail.server.start import StartError
from gomail.settings.values import TLS
from tests.certificates.pairs import pair as pair_for
from tests.certificates.pairs import with_other_key, written
from tests.compose.mounted import Mount, configured, port_of
from tests.patience import PATIENCE
from tests.system.running import Client, free_port, stored, until
from tests.waiting import soon

name = attrgetter("name")


@pytest_twisted.ensureDeferred
async def test_two_servers_live_in_one_process(mount: Mount, tmp_path: Path) -> None:
    """Each has its own port, name, domain, Maildir and listeners, and its own end."""
    events: list[Event] = []
    one, two = configured(tmp_path, "one.example"), configured(tmp_path, "two.example")
    first = mount(one, listeners=(events.append,))
    mount(two)

    def talk() -> list[str]:
        clients = [Client.connect(port_of(each)) for each in (one, two)]
        greetings = [client.greeting for client in clients]
        replies = [
            client.mail("x", f"you@{domain}")[:3]
            for client, domain in zip(clients, [*one.domains, *two.domains], strict=True)
        ]
        for client in clients:
            client.quit()
        return greetings + replies

    assert await deferToThread(talk) == [
        "220 mx.one.example ESMTP gomail",
        "220 mx.two.example ESMTP gomail",
        "250",
        "250",
    ]
    assert [len(stored(Path(each.maildir))) for each in (one, two)] == [1, 1]
    kinds = [type(event) for event in events]
    assert kinds.count(MessageStored) == kinds.count(SessionEnded) == 1
    assert Said not in kinds
    await first.stopService()
    mail = await deferToThread(lambda: Client.connect(port_of(two)).mail("x", "a@two.example"))
    assert mail.startswith("250 ")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(one)), PATIENCE)


@pytest_twisted.ensureDeferred
async def test_stopped_server_leaves_nothing(mount: Mount, tmp_path: Path) -> None:
    """No thread, no timer, and the port is free; idle sessions have heard 421."""
    from twisted.internet import reactor

    configuration = configured(tmp_path, "one.example")
    server = mount(configuration)
    client = await deferToThread(Client.connect, port_of(configuration))
    await deferToThread(client.mail, "x", "you@one.example")
    stopping = server.stopService()
    assert (await deferToThread(client.hear)).startswith("421 4.3.2 ")
    client.connection.close()
    await stopping
    await deferToThread(until, lambda: "gomail committer" not in map(name, threads()), "a thread")
    assert [call for call in reactor.getDelayedCalls() if "gomail" in str(call)] == []
    mount(configuration)


@pytest_twisted.ensureDeferred
async def test_server_that_is_stopped_twice_stops_for_both(
    mount: Mount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its application and with the reactor, perhaps; both wait for the mail under way."""
    monkeypatch.setattr(listening, "STOP_TIME", 1000)
    configuration = configured(tmp_path, "one.example", storing="process")
    server = mount(configuration)
    port = port_of(configuration)
    client = await deferToThread(lambda: Client.connect(port).begin("you@one.example"))
    stopped = [server.stopService(), server.stopService()]
    assert (await deferToThread(client.say, "A: b\r\n\r\nHello\r\n."))[:3] == "250"
    await soon(gatherResults(stopped), "the end of a server, twice")
    assert len(stored(Path(configuration.maildir))) == 1


@pytest_twisted.ensureDeferred
async def test_dialogue_is_told_where_it_was_asked_for(mount: Mount, tmp_path: Path) -> None:
    """Lines are events only then; they cost time."""
    events: list[Event] = []
    configuration = configured(tmp_path, "one.example")
    mount(configuration, listeners=(events.append,), dialogue=True)
    await deferToThread(lambda: Client.connect(port_of(configuration)).quit())
    said = [event.octets for event in events if isinstance(event, Said)]
    assert said == [b"220 mx.one.example ESMTP gomail", b"QUIT", b"221 2.0.0 Bye"]


@pytest_twisted.ensureDeferred
async def test_server_watches_over_itself(mount: Mount, tmp_path: Path) -> None:
    """It knows what it has, and how it fares."""
    from twisted.internet import reactor

    events: list[Event] = []
    configuration = configured(tmp_path, "one.example", limits=Limits(sessions=7))
    server = mount(configuration, listeners=(events.append,))
    client = await deferToThread(Client.connect, port_of(configuration))
    measured = Measured()
    end = reactor.seconds() + PATIENCE
    while measured.disk.free is None or measured.descriptors is None:
        assert reactor.seconds() < end
        await deferLater(reactor, 0.01)
        server.watch.beat(0.0)
        measured = next((each for each in events[::-1] if isinstance(each, Measured)), measured)
    assert measured.sessions == (1, 7)
    assert 0 < measured.descriptors.used < measured.descriptors.most
    assert measured.disk.plenty - measured.disk.reserve == configuration.limits.size
    await deferToThread(client.quit)


@pytest_twisted.ensureDeferred
async def test_server_that_never_encrypts_has_no_certificate(mount: Mount, tmp_path: Path) -> None:
    """Nothing is made, and nothing is watched."""
    listeners = (Listener(f"tcp:{free_port()}:interface=127.0.0.1", tls="off"),)
    state = tmp_path / "state"
    configuration = configured(tmp_path, "a.example", listeners=listeners, state=str(state))
    server = mount(configuration)
    assert server.certificates is None
    assert not state.exists()
    assert await server.change(configuration) == []


def test_certificate_that_cannot_be_used_is_raised(tmp_path: Path) -> None:
    """An application of one's own hears of it before anything is bound."""
    from twisted.internet import reactor

    files = written(tmp_path, with_other_key(pair_for()))
    tls = TLS(files.certificate, files.key)
    configuration = configured(tmp_path, "a.example", tls=tls)
    with pytest.raises(StartError, match=r"mx\.key does not belong to the certificate"):
        mail_service(reactor, configuration)  # type: ignore[arg-type]


@pytest_twisted.ensureDeferred
async def test_proxy_names_the_client_of_a_listener(mount: Mount, tmp_path: Path) -> None:
    """Where the listener says whom to believe; on another one of the same server nobody is."""
    events: list[Event] = []
    path, port = tmp_path / "smtp", free_port()
    listeners = (
        Listener(f"haproxy:unix:{path}", proxy=("unix",)),
        Listener(f"tcp:{port}:interface=127.0.0.1"),
    )
    configuration = configured(tmp_path, "one.example", listeners=listeners)
    server = mount(configuration, listeners=(events.append,))

    def talk() -> str:
        with socket.socket(socket.AF_UNIX) as proxied:
            proxied.connect(str(path))
            proxied.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.25 40695 25\r\n")
            client = Client(proxied)
            reply = client.mail("x", "you@one.example")
            client.quit()
        direct = Client.connect(port)
        direct.say("PROXY TCP4 192.0.2.8 192.0.2.25 40695 25")
        direct.quit()
        return reply

    assert (await deferToThread(talk)).startswith("250 ")
    await server.stopService()
    peers = {str(event.client) for event in events if isinstance(event, SessionEnded)}
    assert "192.0.2.7:40695" in peers
    assert [peer.rpartition(":")[0] for peer in peers - {"192.0.2.7:40695"}] == ["127.0.0.1"]
    assert not path.exists()


def test_port_that_cannot_be_had_is_raised(tmp_path: Path) -> None:
    """An application of one's own hears of it as an exception, not as an exit."""
    from twisted.internet import reactor

    configuration = configured(tmp_path, "a.example", listeners=(Listener("frob:1"),))
    with pytest.raises(PortError, match="frob"):
        mail_service(reactor, configuration)  # type: ignore[arg-type]
