"""Who asks about mailboxes as the reception does; a disk whose looks are counted, or fail."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gomail.delivery.faults import refusal_of
from gomail.delivery.maildir import Ownership
from gomail.delivery.places import Places
from gomail.reply import Refused, Reply
from tests.delivery.bench import Bench


class Desk:
    """Asks about mailboxes, and counts how often the disk had to be asked."""

    def __init__(self, bench: Bench, root: Path, ownership: Ownership | None = None) -> None:
        """Begin with nothing known."""
        self.bench = bench
        self.places = Places(bench.committer, bench.clock, str(root), ownership or Ownership())
        self.asked = 0

    def find(self, maildir: Path, folder: str = "") -> str:
        """Give the path to deliver to, as the reception does."""
        path = self.places.known(str(maildir), folder)
        if path is None:
            self.asked += 1
            path = str(self.bench.wait(self.places.ask(str(maildir), folder)))
        return path

    def refusal(self, maildir: Path, folder: str = "") -> Reply:
        """Give the reply to a recipient that is refused."""
        with pytest.raises(Refused) as refused:
            self.find(maildir, folder)
        return refused.value.reply

    def suspend(self, path: Path, number: int) -> None:
        """Have a delivery fail."""
        self.places.suspend(str(path), refusal_of(OSError(number, os.strerror(number)), str(path)))


def failing(number: int) -> Callable[..., int]:
    """Stand for a system call that fails."""

    def call(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return call


class Looks:
    """Counts how often the disk is looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin to count."""
        self.count = 0
        self._scandir = os.scandir
        monkeypatch.setattr(os, "scandir", self._look)

    def _look(self, path: str | int) -> Any:  # noqa: ANN401 - as os.scandir
        self.count += not isinstance(path, int)  # tmp/ is gone through when it is swept
        return self._scandir(path)


def replaced_by_file(folder: Path) -> None:
    """Put a file where a folder was."""
    folder.rmdir()
    folder.touch()
