"""A disk that works when it is told to, and what is written to it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gomail.limits import Limits
from gomail.message.content import Content

SMALL = Limits(content_in_memory=100, unwritten=300)
PACKET = b"\r\n" + b"x" * 62


class Disk:
    """A thread for what blocks that works when it is told to, in the order of the calls."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self.waiting: list[tuple[Callable[[], object], Deferred[Any]]] = []

    def __call__(self, function: Callable[..., object], *arguments: object) -> Deferred[Any]:
        """Take a job."""
        done: Deferred[Any] = Deferred()
        self.waiting.append((lambda: function(*arguments), done))
        return done

    def work(self, most: int = 1_000_000) -> None:
        """Do what waits, or the first few of it."""
        jobs, self.waiting = self.waiting[:most], self.waiting[most:]
        for work, done in jobs:
            try:
                done.callback(work())
            except OSError:
                done.errback(Failure())


def written(content: Content, folder: Path) -> bytes:
    """Write the content to a file, and give what is in it."""
    path = folder / "file"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        content.write_to(fd)
    finally:
        os.close(fd)
    return path.read_bytes()
