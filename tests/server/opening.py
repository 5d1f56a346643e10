"""Ports that are opened for a test, or why they can't be."""

import pytest
from twisted.internet.testing import MemoryReactor

from gomail.server.ports import Port, open_port
from gomail.server.sockets import PortError


def port_of(opened: list[Port], endpoint: str) -> Port:
    """Open a port that is closed with the test."""
    port = open_port(endpoint, MemoryReactor())
    opened.append(port)
    return port


def failure(endpoint: str) -> str:
    """Give the line that says why a port can't be had."""
    with pytest.raises(PortError) as raised:
        open_port(endpoint, MemoryReactor())
    assert "\n" not in str(raised.value)
    return str(raised.value)
