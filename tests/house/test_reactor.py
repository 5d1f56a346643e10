"""The tests run on the reactor that they were asked to run on."""

import os

import pytest_twisted
from twisted.internet import default, task


@pytest_twisted.ensureDeferred
async def test_reactor_is_the_one_asked_for() -> None:
    """GOMAIL_TEST_REACTOR decides; without it, it is the reactor that Twisted prefers here."""
    from twisted.internet import reactor

    await task.deferLater(reactor, 0)
    asked = os.environ.get("GOMAIL_TEST_REACTOR")
    module = f"twisted.internet.{asked}reactor" if asked else default.install.__module__
    assert type(reactor).__module__ == module
