"""Memory and a disk, and that nothing of either is left over."""

from collections.abc import Iterator

import pytest

from gomail.limits import DEFAULT_LIMITS
from gomail.message.content import Memory
from tests.message.disk import Disk


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Memory that is all given back in the end, whatever a test did."""
    memory = Memory(DEFAULT_LIMITS.memory)
    yield memory
    assert memory.used == 0


@pytest.fixture
def disk(memory: Memory) -> Iterator[Disk]:  # noqa: ARG001 - which is counted last
    """A disk that has done everything it was asked for in the end, before memory is counted."""
    disk = Disk()
    yield disk
    disk.work()
