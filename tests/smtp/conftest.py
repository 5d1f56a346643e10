"""Fixtures for sessions."""

from collections.abc import Iterator

import pytest
from twisted.logger import LogEvent

from tests.smtp.wire import logged_failures


@pytest.fixture
def failures() -> Iterator[list[LogEvent]]:
    """Collect what is logged as a failure of ours."""
    with logged_failures() as logged:
        yield logged
