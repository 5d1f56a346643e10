"""What became of batches."""

import errno
import os

from gomail.delivery.record import Record


def error(number: int) -> OSError:
    """Give what the disk says."""
    return OSError(number, os.strerror(number))


def test_fault_counts_until_something_is_stored() -> None:
    """It is remembered beyond that, with its place."""
    record = Record()
    assert (record.fault, record.stored, record.faults) == ("", True, 0)
    record.fail(error(errno.EIO), "/mail/alice")
    record.end(0.5, stored=False)
    assert (record.fault, record.at) == ("/mail/alice: Input/output error", "/mail/alice")
    assert not record.stored
    record.end(0.5, stored=True)
    assert record.stored
    assert record.fault
    record.fail(OSError("the disk took too long"), "/mail/bob")
    assert (record.fault, record.faults) == ("/mail/bob: the disk took too long", 2)


def test_what_is_one_mailboxs_own_is_no_fault() -> None:
    """Somebody's wrong rights, or a mailbox that is gone or full, say nothing of the server."""
    record = Record()
    for number in (errno.EACCES, errno.ENOENT, errno.EDQUOT, errno.ENOSPC):
        record.fail(error(number), "/mail/alice")
        record.end(0.1, stored=False)
    assert (record.fault, record.stored, record.faults) == ("", True, 0)


def test_slowest_batch_is_that_since_the_last_look() -> None:
    """However many there were in between."""
    record = Record()
    assert record.take_slowest() == 0
    for seconds in (1.0, 3.0, 2.0):
        record.end(seconds, stored=True)
    assert [record.take_slowest(), record.take_slowest()] == [3.0, 0.0]
    record.end(0.5, stored=False)
    assert record.take_slowest() == 0.5


def test_listeners_are_told_how_long_each_batch_took() -> None:
    """Whatever became of it; without any, nobody is."""
    record = Record()
    told: list[float] = []
    record.end(0.1, stored=True)
    record.listeners = (told.append,)
    record.end(0.5, stored=True)
    record.end(7.0, stored=False)
    assert told == [0.5, 7.0]
