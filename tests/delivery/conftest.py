"""The bench, with its thread ended in the end."""

from collections.abc import Iterator

import pytest

from tests.delivery.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A committer at work."""
    bench = Bench()
    yield bench
    bench.close()
