"""A server that has nothing, and resolvers that ask it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_twisted

from gomail.checks.dns.resolver import StubResolver
from tests.checks.dns.server import Server, the_reactor
from tests.patience import PATIENCE


@pytest_twisted.async_yield_fixture
async def server() -> AsyncIterator[Server]:
    """Give a server that has nothing."""
    server = Server()
    yield server
    await server.stop()


@pytest.fixture
def ask(server: Server) -> Callable[..., StubResolver]:
    """Give what makes resolvers that ask it, and are patient."""

    def make(**options: Any) -> StubResolver:  # noqa: ANN401 -- any of its bounds
        return StubResolver(
            the_reactor(), [f"127.0.0.1:{server.port}"], **{"seconds": PATIENCE, **options}
        )

    return make
