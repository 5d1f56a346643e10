"""The processes of a server, as its machine sees them."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.patience import PATIENCE


def until_there_is(pid: int, other_than: int = 0) -> int:
    """Wait until a server has an agent at work, which is no old one, and give its process id."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for child in children(pid):
            if child != other_than and is_at_work(child):
                return child
        time.sleep(0.01)
    message = "there was no agent"
    raise AssertionError(message)


def children(pid: int) -> Iterator[int]:
    """Give the processes that a process has started, and that have not been buried yet."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has ended
            yield from map(int, (task / "children").read_text().split())


def is_at_work(agent: int) -> bool:
    """Tell whether an agent leaves signals to its server by now: then it is about to say so."""
    with suppress(OSError):  # it is dead
        ignored = re.search(r"SigIgn:\t(\w+)", Path(f"/proc/{agent}/status").read_text())
        return ignored is not None and bool(int(ignored[1], 16) & 1 << signal.SIGHUP - 1)
    return False
