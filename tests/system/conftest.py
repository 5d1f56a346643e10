"""Servers that end with the test that started them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.crews import WORKERS, pids
from tests.system.running import ANY_PORT, Server, until

Serve = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Serve]:
    """Start servers in the foreground, in the test's own folder if no other is given."""
    servers: list[Server] = []

    def start(*arguments: str, folder: Path = tmp_path, **how: object) -> Server:
        servers.append(Server(folder, *arguments, **how))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def serve(start: Serve) -> Serve:
    """Start servers on any free port, and wait until they greet."""
    return lambda *arguments, **how: start(*ANY_PORT, *arguments, **how).started()


@pytest.fixture
def crew(serve: Serve) -> Serve:
    """Start servers with two workers, and wait until both serve."""

    def start(*arguments: str, **how: object) -> Server:
        server = serve("--workers", str(WORKERS), *arguments, **how)
        until(lambda: len(pids(server)) == WORKERS, f"both serve: {server.output}")
        return server

    return start
