"""A house for those who are received in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.house import House, opened


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server with the mailboxes alice, bob and carol."""
    with opened(tmp_path) as house:
        yield house
