"""
Checks of one's own that are installed as plugins of Twisted's: what is in ``twisted/plugins``.

Whoever packages one makes mistakes; the server starts without it, and says what is wrong.
"""

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple

from twisted.logger import ILogObserver, globalLogPublisher
from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from zope.interface import provider

from gomail.checks.own import ICheck, require_check, require_checks


class Found(NamedTuple):
    """
    What was found.

    Attributes:
        checks: those that can be used, by the names of their methods.
        notes: what is wrong with others, a line each.
    """

    checks: tuple[ICheck, ...]
    notes: tuple[str, ...]


def found_checks(package: ModuleType | None = None) -> Found:
    """
    Find the checks that are installed.

    Reads files and runs what is in them, so it is for the start. Twisted itself remembers what
    there is in ``dropin.cache``, beside the plugins, where it may write that.

    Args:
        package: where plugins are; ``twisted.plugins`` without one.
    """
    checks: list[ICheck] = []
    with _failures() as notes:
        for check in getPlugins(ICheck, package):
            try:
                require_check(check)
                require_checks((*checks, check))
            except ValueError as error:
                notes.append(f"a check is left out: {error}")
            else:
                checks.append(check)
    return Found(tuple(sorted(checks, key=lambda check: str(check.method))), tuple(notes))


@contextmanager
def _failures() -> Iterator[list[str]]:
    """Hear of the plugins that Twisted could not load, which it only logs."""
    notes: list[str] = []

    @provider(ILogObserver)
    def hear(event: Mapping[str, object]) -> None:
        failure = event.get("failure")  # as twisted.python.log names it
        if isinstance(failure, Failure):
            notes.append(f"a plugin is left out: {_told(failure)}")

    globalLogPublisher.addObserver(hear)
    try:
        yield notes
    finally:
        globalLogPublisher.removeObserver(hear)


def _told(failure: Failure) -> str:
    """Say in a line what was raised, and where."""
    error = failure.value
    said = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__ if error else None)
    return f"{said}, in line {frames[-1].lineno} of {frames[-1].filename}" if frames else said
