"""
Work, counted: lines of Python that ran, and octets that were looked at by Python's own methods.

A clock says how long something took on a machine that does other things, too; these say the same
each time. What regular expressions look at twice they do not see: time has to tell (`__main__`).
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any, NamedTuple

LINE = 50  # octets that are looked at in the time of a line, about
_PATTERNS = ("match", "search", "fullmatch", "split", "findall", "finditer", "sub", "subn")


# Methods that look at all of a text; `find` and `count` may be told where to begin.
_METHODS = frozenset({"decode", "encode", "partition", "replace", "rpartition", "split", "strip"})


class Work(NamedTuple):
    """
    What it took.

    Attributes:
        lines: of Python.
        octets: of the texts whose methods were called, or that a pattern was matched with.
    """

    lines: int
    octets: int

    @property
    def total(self) -> int:
        """Both in one number."""
        return self.lines * LINE + self.octets


class Counter:
    """Counts while it is asked to."""

    def __init__(self) -> None:
        self.lines = 0
        self.octets = 0

    def count(self, work: Callable[[], object]) -> Work:
        """Do some work, and count it."""
        self.lines = self.octets = 0
        tracing, profiling = sys.gettrace(), sys.getprofile()
        with looked_at(self):
            sys.settrace(self._line)
            sys.setprofile(self._call)
            try:
                work()
            finally:
                sys.setprofile(profiling)
                sys.settrace(tracing)
        return Work(self.lines, self.octets)

    def _line(self, _frame: FrameType, event: str, _argument: object) -> Any:
        """Count a line."""
        self.lines += event == "line"
        return self._line

    def _call(self, _frame: FrameType, event: str, method: object) -> None:
        """Count what a method of Python's own may look at."""
        if event == "c_call":
            text = getattr(method, "__self__", None)
            if isinstance(text, (bytes, bytearray, str)) and _name(method) in _METHODS:
                self.octets += len(text)


def _name(method: object) -> str:
    """Give the name of a method."""
    return str(getattr(method, "__name__", ""))


class Watched:
    """A pattern that counts what it is matched with."""

    def __init__(self, pattern: re.Pattern[Any], counter: Counter) -> None:
        self._pattern = pattern
        self._counter = counter

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._pattern, name)
        if name not in _PATTERNS:
            return method

        def counted(*arguments: Any, **named: Any) -> Any:
            text = arguments[1] if name.startswith("sub") else arguments[0]
            start = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], int) else 0
            self._counter.octets += max(len(text) - start, 0)
            return method(*arguments, **named)

        return counted


@contextmanager
def looked_at(counter: Counter) -> Iterator[None]:
    """Have the patterns of gomail's modules count."""
    replaced: list[tuple[ModuleType, str, re.Pattern[Any]]] = [
        (module, name, value)
        for module in list(sys.modules.values())
        if module.__name__.startswith("gomail.")
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    ]
    for module, name, pattern in replaced:
        setattr(module, name, Watched(pattern, counter))
    try:
        yield
    finally:
        for module, name, pattern in replaced:
            setattr(module, name, pattern)
