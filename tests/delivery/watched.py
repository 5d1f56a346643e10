"""A disk that is watched: what is asked of it is written down, and a test may answer for it."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.bench import path_of

Call = Callable[..., Any]


def place_of(call: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> str:
    """Give the path that a call of ``os`` is about; for a link, the new name's."""
    if call == "link":
        return f"{path_of(named['dst_dir_fd'])}/{arguments[1]}"
    if call == "copy_file_range":
        return path_of(arguments[1])
    first = arguments[0]
    if isinstance(first, int):
        return path_of(first)
    return f"{path_of(named['dir_fd'])}/{first}" if "dir_fd" in named else str(first)


CALLS = (
    "open",
    "writev",
    "copy_file_range",
    "fstat",
    "fchmod",
    "posix_fadvise",
    "fsync",
    "link",
    "unlink",
    "close",
)


class Recorder:
    """Writes down what is asked of the disk, and lets a test answer in its stead."""

    def __init__(self, patch: pytest.MonkeyPatch, root: Path) -> None:
        """Watch all calls of ``os`` about what lies below *root*."""
        self.calls: list[tuple[str, str]] = []
        self.answers: list[tuple[str, str, Call]] = []
        self._root = f"{root}/"
        for call in CALLS:
            patch.setattr(os, call, self._watched(call, getattr(os, call)))

    def answer(self, call: str, place: str, function: Call) -> None:
        """Have *function*, which gets the real call first, answer where *place* matches."""
        self.answers.append((call, place, function))

    def fail(self, call: str, place: str, number: int) -> None:
        """Have a call fail where *place*, a regular expression, matches."""

        def failing(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        self.answer(call, place, failing)

    def note(self, what: str) -> None:
        """Write down what happened besides."""
        self.calls.append((what, ""))

    def _watched(self, call: str, real: Call) -> Call:
        """Make the call that stands for *real*."""

        def watched(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any call of os
            path = place_of(call, arguments, named)
            if not path.startswith(self._root):
                return real(*arguments, **named)
            place = path.removeprefix(self._root)
            self.calls.append((call, place))
            for name, pattern, function in self.answers:
                if name == call and re.match(pattern, place):
                    return function(real, *arguments, **named)
            return real(*arguments, **named)

        return watched

    def of(self, call: str) -> list[str]:
        """Give the places of all calls of one kind."""
        return [place for each, place in self.calls if each == call]
