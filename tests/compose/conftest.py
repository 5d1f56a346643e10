"""Servers mounted in the process of the tests."""

from collections.abc import AsyncIterator

import pytest_twisted

from gomail.compose import Server, mail_service
from gomail.config import Configuration
from gomail.delivery.folder import make
from tests.compose.mounted import Mount


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
