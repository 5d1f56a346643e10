"""How commands find the control socket of a running server, and what they say without one."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from gomail.cli.usual import usual_file
from gomail.config import Configuration, ConfigurationError, load

T = TypeVar("T")
NOT_RUNNING, NOT_ALLOWED, NO_ANSWER = 3, 4, 5  # statuses; those of LSB for the first two


def configured(file: str | None) -> Configuration:
    """Give the configuration of *file*, or the usual one; the defaults where there is none."""
    found = file or usual_file()
    try:
        return Configuration() if found is None else load(found)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from None


def control_paths(configuration: Configuration, given: str | None = None) -> list[str]:
    """Give the paths at which a server may be asked: as *given*, as configured, or the usual."""
    from gomail.server.control.paths import usual_paths  # noqa: PLC0415 -- with what follows
    from gomail.server.encryption import state_folder  # noqa: PLC0415 -- brings Twisted

    named = given or configuration.control
    if named is not None:
        return [named] if named else []
    return list(usual_paths(state_folder(configuration.state)))


@contextmanager
def told() -> Iterator[None]:
    """Tell in one line why no server could be asked, with a status of its own."""
    from gomail.server.control.client import (  # noqa: PLC0415 -- other commands need none of it
        ControlError,
        NotAllowed,
        NotRunning,
    )

    try:
        yield
    except ControlError as error:
        click.echo(f"Error: {error}", err=True)
        codes = {NotRunning: NOT_RUNNING, NotAllowed: NOT_ALLOWED}
        raise SystemExit(codes.get(type(error), NO_ANSWER)) from None


def ask_first(paths: Iterable[str], ask: Callable[[str], T]) -> T:
    """
    Ask the first server of several paths that there is.

    Raises:
        ControlError: none can be asked; where we have no right to one, that is why.
    """
    from gomail.server.control.client import NotAllowed, NotRunning  # noqa: PLC0415 -- as above

    failed: NotRunning | NotAllowed = NotRunning('there is no control socket: control = ""')
    for path in paths:
        try:
            return ask(path)
        except NotRunning as error:
            failed = failed if isinstance(failed, NotAllowed) else error
        except NotAllowed as error:
            failed = error
    raise failed
