"""
A plugin for pytest, named in a ``conftest.py``: ``pytest_plugins = ["gomail.testing.fixtures"]``.

``gomail_memory_server`` records into ``gomail_recorder`` and needs nothing else. ``gomail_server``
is a real gomail on 127.0.0.1 with a Maildir of its own; it needs pytest-twisted, which runs the
reactor.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from gomail.compose import Server
from gomail.events import Event
from gomail.preflight import build_directory
from gomail.server.ports import open_port
from gomail.server.reactor import Reactor
from gomail.settings.values import Checks, Configuration, Listener, any_local_part
from gomail.testing.recording import Recorder
from gomail.testing.wire import MemoryServer


@dataclass(frozen=True, slots=True)
class LocalServer:
    """
    A gomail that takes mail for anybody at here.example.

    Attributes:
        port: where it listens, on 127.0.0.1.
        maildir: where it stores.
        events: what it told.
    """

    port: int
    maildir: Path
    events: list[Event]

    @property
    def messages(self) -> list[bytes]:
        """The messages that are stored, trace fields and all, in the order of their file names."""
        return [path.read_bytes() for path in sorted(self.maildir.glob("new/*"))]


@pytest.fixture
def gomail_recorder() -> Recorder:
    """Give deliveries that keep messages in memory."""
    return Recorder()


@pytest.fixture
def gomail_memory_server(gomail_recorder: Recorder) -> MemoryServer:
    """Give a server in memory; what it takes is in ``gomail_recorder.messages``."""
    return MemoryServer(gomail_recorder)


@pytest.fixture
def gomail_server(tmp_path: Path) -> Iterator[LocalServer]:
    """Give a gomail that runs, with an ephemeral port and a Maildir; it is stopped afterwards."""
    from pytest_twisted import blockon  # noqa: PLC0415 -- only this fixture needs it
    from twisted.internet import reactor as installed

    reactor = cast("Reactor", installed)

    configuration = Configuration(
        hostname="mx.here.example",
        maildir=str(tmp_path / "Maildir"),
        listeners=(Listener("tcp:0:interface=127.0.0.1"),),
        domains=any_local_part("here.example"),
        checks=Checks(enabled=False),  # whatever DNS says, a test goes by itself
    )
    (tmp_path / "Maildir").mkdir(mode=0o700)
    port = open_port(configuration.listeners[0].endpoint, reactor)
    assert port.socket is not None  # noqa: S101 -- tcp endpoints are bound at once
    events: list[Event] = []
    server = Server(
        reactor,
        configuration,
        build_directory(configuration, reactor),
        [port],
        listeners=(events.append,),
    )
    number = port.socket.getsockname()[1]
    server.privilegedStartService()
    server.startService()
    yield LocalServer(number, tmp_path / "Maildir", events)
    blockon(server.stopService())
