"""Fixtures for crews."""

import pytest

from tests.server.workers.processes import House


@pytest.fixture
def house() -> House:
    """Give a crew of two."""
    return House()
