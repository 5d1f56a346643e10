"""The thread that has messages looked into."""

from threading import Event

import pytest

from gomail.inbox.filling import Filling
from tests.patience import PATIENCE


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_that_has_died_is_no_reason_to_wait_for_it() -> None:
    """As where the machine had no thread left for a child's time."""
    done = Event()
    faults = iter([RuntimeError("can't start new thread")])

    def fill() -> bool:
        for each in faults:
            raise each
        done.set()
        return False

    filling = Filling(fill)
    filling.begin()
    assert filling._thread is not None
    filling._thread.join(PATIENCE)
    filling.begin()
    assert done.wait(PATIENCE)
    filling.close()
