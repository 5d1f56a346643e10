"""A configuration that changes while the server runs, or that can't."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import get_ident

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from gomail.certificates.keeper import world_time
from gomail.config import ConfigurationError
from gomail.events import CertificateChanged, Event, Trouble
from gomail.limits import Limits
from gomail.recipients.domain import Domain
from gomail.settings.values import TLS, Milter
from tests.certificates.pairs import pair as pair_for
from tests.certificates.pairs import written
from tests.compose.mounted import Mount, configured, port_of
from tests.system.running import Client, stored


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
