"""What a trial leaves to an heir: written, and read again in the same process."""

import os
from collections.abc import Iterator

import pytest

from gomail.server.start import StartError
from gomail.server.workers.interim import TRIED
from gomail.server.workers.tried import Tried, left_something, read_tried, write_tried


@pytest.fixture
def memory() -> Iterator[int]:
    """Give the number of a file that is in memory alone."""
    number = os.memfd_create("tried")
    yield number
    os.close(number)


def test_heir_reads_what_a_trial_has_written(memory: int) -> None:
    """Whole, once, however large it is, and wherever the file has been read before."""
    tried = Tried(b"x" * 3_000_000, (("mx.crt", "mx.key", b"chain", b"key"),))
    assert not left_something(memory)
    environment = {TRIED: str(memory)}
    write_tried(environment, tried)
    assert left_something(memory)
    assert environment == {}
    environment = {TRIED: str(os.dup(memory))}
    assert read_tried(environment) == tried
    assert environment == {}
    assert read_tried(environment) is None


def test_who_is_not_asked_leaves_nothing() -> None:
    """A parent of before wants to know nothing."""
    write_tried({}, Tried(b"x"))


@pytest.mark.parametrize("text", ["", "x", "987"])
def test_what_nobody_has_tried_is_told(text: str) -> None:
    """Somebody has the variable in their environment."""
    with pytest.raises(StartError, match="only a parent of workers sets it"):
        read_tried({TRIED: text})


def test_file_in_which_nothing_was_left_is_told(memory: int) -> None:
    """The same."""
    with pytest.raises(StartError, match="nothing was tried"):
        read_tried({TRIED: str(memory)})
