"""Ports for the time of a test."""

from collections.abc import Iterator

import pytest

from gomail.server.ports import Port


@pytest.fixture
def opened() -> Iterator[list[Port]]:
    """Close what a test opens."""
    opened: list[Port] = []
    yield opened
    for port in opened:
        port.close()
