"""An agent that seems to hang, and is given nothing more."""

import os
import signal

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, succeed

from gomail.delivery.deposit import Deposit
from gomail.delivery.process import MOST_COPIES
from gomail.delivery.silence import (
    ENDED_AFTER,
    TOLD_AFTER,
)
from gomail.reply import Refused
from tests.delivery.bench import deposit, messages
from tests.delivery.hiring import agents, store, until
from tests.delivery.house import House


@pytest_twisted.ensureDeferred
async def test_what_comes_behind_one_that_hangs_is_stored_without_it(house: House) -> None:
    """Nobody waits for it but those whose messages it has; when it goes on it has all again."""
    elsewhere: list[Deposit] = []

    def store_elsewhere(what: Deposit) -> Deferred[Deposit]:
        elsewhere.append(what)
        return succeed(what)

    house.process.otherwise = store_elsewhere
    house.hang(copies=MOST_COPIES + 10)
    assert await house.spend(TOLD_AFTER - 1, took=0.01) == (0, 0, 0)
    assert house.process.ready
    assert elsewhere == []
    assert house.look(1) == (0, 0, TOLD_AFTER)
    assert (house.process.ready, house.process.doubted) == (False, True)
    assert len(elsewhere) == 10
    assert [each.called for each in house.done] == [False] * MOST_COPIES + [True] * 10
    house.look(1)
    assert house.watch.missing == 0
    os.kill(house.pid, signal.SIGCONT)
    for each in house.done:
        assert (await each).error is None
    assert len(messages(house.maildir)) == MOST_COPIES
    assert (house.process.ready, house.process.doubted) == (True, False)
    assert (await store(house.process, deposit(house.maildir))).error is None
    assert agents() == [house.pid]
    assert len(elsewhere) == 10


@pytest_twisted.ensureDeferred
async def test_one_that_is_doubted_is_ended_like_any_other(house: House) -> None:
    """Its follower has what comes."""
    house.process.otherwise = succeed
    house.hang()
    await house.spend(ENDED_AFTER - 1, took=0.01)
    assert house.process.doubted
    house.look(1)
    assert not house.process.doubted
    with pytest.raises(Refused, match="the delivery agent hung"):
        await house.done[0]
    await until(lambda: house.process.ready)
    assert agents() != [house.pid]


@pytest_twisted.ensureDeferred
async def test_one_that_is_doubted_and_let_go_is_given_nothing(house: House) -> None:
    """It does what it has, and ends."""
    house.process.otherwise = succeed
    house.hang()
    await house.spend(TOLD_AFTER, took=0.01)
    stopped = house.process.stop()
    os.kill(house.pid, signal.SIGCONT)
    assert (await house.done[0]).error is None
    assert not house.process.ready
    await stopped
    assert agents() == []
