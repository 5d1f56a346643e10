"""Servers mounted in an application of one's own: several in a process, changed as they run."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from threading import enumerate as threads
from threading import get_ident

import pytest
import pytest_twisted
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from zope.interface import implementer

from gomail import examination
from gomail.certificates.keeper import world_time
from gomail.checks.own import Facts, ICheck, Look
from gomail.checks.policy import Action
from gomail.compose import Server, mail_service
from gomail.config import Configuration, ConfigurationError, Listener
from gomail.delivery.folder import make
from gomail.events import (
    CertificateChanged,
    Event,
    Measured,
    MessageStored,
    Said,
    SessionEnded,
    Trouble,
)
from gomail.finding import Finding
from gomail.limits import Limits
from gomail.recipients.domain import Domain
from gomail.server.sockets import PortError
from gomail.server.start import StartError
from gomail.settings.values import TLS, Checks, Milter, Rules
from tests.certificates.pairs import pair as pair_for
from tests.certificates.pairs import with_other_key, written
from tests.milters.filter import CONTINUE, Filter, added
from tests.patience import PATIENCE
from tests.system.filters import Listening
from tests.system.running import Client, free_port, stored, until

name = attrgetter("name")


def configured(folder: Path, domain: str, **more: object) -> Configuration:
    """Give a configuration that takes mail for one domain, on a port that is free."""
    endpoint = f"tcp:{free_port()}:interface=127.0.0.1"
    settings: dict[str, object] = {
        "hostname": f"mx.{domain}",
        "maildir": str(folder / domain),
        "listeners": (Listener(endpoint),),
        "domains": {domain: Domain()},
        "checks": Checks(enabled=False),
    }
    return Configuration(**(settings | more))  # type: ignore[arg-type]


def port_of(configuration: Configuration) -> int:
    """Give its port."""
    return int(configuration.listeners[0].endpoint.split(":")[1])


Mount = Callable[..., Server]


@pytest_twisted.async_yield_fixture
async def mount() -> AsyncIterator[Mount]:
    """Start servers in this process, and stop them with the test."""
    from twisted.internet import reactor

    servers: list[Server] = []

    def mount(configuration: Configuration, **how: object) -> Server:
        make(configuration.maildir)
        server = mail_service(reactor, configuration, **how)  # type: ignore[arg-type]
        servers.append(server)
        server.privilegedStartService()
        server.startService()
        return server

    yield mount
    for server in servers:
        if server.running:
            await server.stopService()


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
        socket.create_connection(("127.0.0.1", port_of(one)))


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
async def test_changed_configuration_is_in_force(mount: Mount, tmp_path: Path) -> None:
    """Names and limits change at once; what needs a restart is told, and stays as it was."""
    events: list[Event] = []
    old = configured(tmp_path, "old.example")
    server = mount(old, listeners=(events.append,))
    new = configured(
        tmp_path,
        "new.example",
        limits=Limits(size=2**20, sessions=7, memory=1),
        state="/elsewhere",
        group="root",
    )
    waiting = await server.change(new)

    def talk() -> tuple[str, str, str]:
        client = Client.connect(port_of(old))
        announced = client.say("EHLO client.example")
        return client.greeting, announced, client.mail("x", "you@new.example")

    greeting, announced, reply = await deferToThread(talk)
    assert "mx.old.example" in greeting
    assert "SIZE 1048576" in announced
    assert reply.startswith("250 ")
    assert len(stored(tmp_path / "old.example")) == 1
    assert not (tmp_path / "new.example").exists()
    assert waiting == [
        "hostname",
        "maildir",
        "listener",
        "state",
        "group",
        "limits.sessions",
        "limits.memory",
    ]
    assert not [event for event in events if isinstance(event, Trouble)]
    assert server.configuration.limits.sessions == old.limits.sessions
    assert list(server.configuration.domains) == ["new.example"]


@pytest_twisted.ensureDeferred
async def test_changed_certificate_is_in_force(mount: Mount, tmp_path: Path) -> None:
    """Files may be named, and named otherwise, while the server runs; broken ones are told."""
    events: list[Event] = []
    old = configured(tmp_path, "old.example", state=str(tmp_path / "state"))
    server = mount(old, listeners=(events.append,))
    assert server.certificates is not None
    assert server.certificates.served.pairs[0].self_signed
    assert (tmp_path / "state" / "self-signed.pem").exists()
    pair = pair_for("mx.old.example", ends=world_time() + timedelta(days=100))
    files = written(tmp_path, pair)
    new = replace(old, tls=TLS(files.certificate, files.key))
    assert await server.change(new) == []
    assert server.certificates.served.pairs[0].certificate == pair.certificate
    assert [event for event in events if isinstance(event, CertificateChanged)] == [
        CertificateChanged(("mx.old.example",), pair.ends, pair.serial)
    ]
    await deferToThread(Path(files.key).unlink)
    assert await server.change(new) == []
    assert server.certificates.served.pairs[0].certificate == pair.certificate
    (trouble,) = (event for event in events if isinstance(event, Trouble))
    assert "mx.key can't be read" in trouble.what


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
async def test_bad_change_changes_nothing(mount: Mount, tmp_path: Path) -> None:
    """What can't be is raised, and all of the old configuration goes on being in force."""
    old = configured(tmp_path, "old.example")
    server = mount(old)
    bad = configured(
        tmp_path,
        "new.example",
        domains={"new.example": Domain(aliases={"a": ("b@elsewhere.example",)})},
        limits=Limits(size=2**20),
        milters=(Milter(f"unix:{tmp_path}/nobody", on_failure="defer"),),
    )
    with pytest.raises(ConfigurationError):
        await server.change(bad)
    assert server.configuration == old
    reply = await deferToThread(lambda: Client.connect(port_of(old)).mail("x", "a@old.example"))
    assert reply.startswith("250 ")


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


class Mortal(Mapping[str, Domain]):
    """Domains that tell which thread takes them apart."""

    def __init__(self, domains: Mapping[str, Domain], told: list[int]) -> None:
        self._domains = domains
        self._told = told

    def __getitem__(self, name: str) -> Domain:
        return self._domains[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._domains)

    def __len__(self) -> int:
        return len(self._domains)

    def __del__(self) -> None:
        self._told.append(get_ident())


@pytest_twisted.ensureDeferred
async def test_old_configuration_is_taken_apart_in_a_thread(mount: Mount, tmp_path: Path) -> None:
    """A large one takes long to go: sessions do not wait for it."""
    told: list[int] = []
    plain = configured(tmp_path, "one.example")
    server = mount(replace(plain, domains=Mortal(plain.domains, told)))
    assert await server.change(plain) == []
    assert told
    assert told[0] != get_ident()


@implementer(ICheck)
class Strict:
    """A check of one's own, to which nobody is good enough."""

    method = "strict"

    def begin(self, facts: Facts) -> Look:
        """Begin."""
        return Verdict()


class Verdict(Look):
    """What it says of all messages."""

    def finding(self) -> Finding:
        """Say so."""
        return Finding("strict", "fail", (), "as always")


@pytest_twisted.ensureDeferred
async def test_check_of_ones_own_is_heard(mount: Mount, tmp_path: Path) -> None:
    """What it says is told, and what follows is said in the configuration, which may change."""
    checks = Checks(resolvers=(f"127.0.0.1:{free_port()}",))  # where nobody answers
    old = configured(
        tmp_path,
        "one.example",
        trusted=(),
        checks=checks,
        policy=Rules(own={"strict": Action.JUNK}),
    )
    server = mount(old, checks=(Strict(),))

    def mail() -> str:
        return Client.connect(port_of(old)).mail("x", "you@one.example")

    assert (await deferToThread(mail)).startswith("250 ")
    (message,) = stored(Path(old.maildir) / ".Junk")
    assert b' strict=fail reason="as always"' in message
    await server.change(replace(old, policy=Rules(own={"strict": Action.REFUSE})))
    assert (await deferToThread(mail)).startswith("550 5.7.1 A check of this server ")


def test_what_can_not_be_a_check_is_raised(tmp_path: Path) -> None:
    """As what is wrong with anything else."""
    from twisted.internet import reactor

    configuration = configured(tmp_path, "one.example", checks=Checks())
    make(configuration.maildir)
    with pytest.raises(StartError, match="checks: an object that provides ICheck was expected"):
        mail_service(reactor, configuration, checks=("strict",))  # type: ignore[arg-type]


@pytest_twisted.ensureDeferred
async def test_checks_that_can_not_be_made_change_nothing(
    mount: Mount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the libraries are gone, and a reload asks for other checks."""
    old = configured(tmp_path, "one.example")
    server = mount(old)
    monkeypatch.setattr(examination, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="there is no library dns here"):
        await server.change(replace(old, checks=Checks(enabled=True)))
    assert server.configuration is old


@pytest_twisted.ensureDeferred
async def test_milters_are_asked_as_is_set_and_may_change(mount: Mount, tmp_path: Path) -> None:
    """What they write may mean junk; one that is not there is told, and may defer."""
    filtering = Filter({b"E": added(b"X-Spam", b" Yes") + CONTINUE})
    listening = Listening(filtering, tmp_path / "socket")
    told: list[Event] = []
    there = Milter(listening.endpoint, junk_field="X-Spam: Yes")
    old = configured(tmp_path, "one.example", milters=(there,))
    server = mount(old, listeners=[told.append])

    def mail() -> str:
        client = Client.connect(port_of(old))
        client.say("EHLO client.example")
        sender = client.say("MAIL FROM:<me@client.example>")
        return client.mail("x", "a@one.example") if sender.startswith("250") else sender

    try:
        assert (await deferToThread(mail)).startswith("250 ")
    finally:
        listening.die()
    (message,) = stored(tmp_path / "one.example/.Junk")
    assert message.endswith(b"Subject: x\nX-Spam: Yes\n\nx\n")
    assert await server.change(replace(old, milters=(replace(there, on_failure="defer"),))) == []
    assert (await deferToThread(mail)).startswith("451 4.7.1 ")
    (trouble,) = (event.what for event in told if isinstance(event, Trouble))
    assert "it can't be reached: " in trouble
    assert await server.change(replace(old, milters=())) == []
    assert (await deferToThread(mail)).startswith("250 ")
