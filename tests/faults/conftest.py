"""The server in memory that the tests of faults share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.house import House, opened
from tests.system.conftest import serve, start

__all__ = ["house", "serve", "start"]  # the last two are those of real servers


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server with the mailboxes alice, bob and carol."""
    with opened(tmp_path) as house:
        yield house
