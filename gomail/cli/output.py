"""How all commands end: with one line where their words, or where their output, can't be."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

# Of a write to what is open already. A closed pipe is click's: it ends with status 1, in silence.
_UNWRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE}


class Told(click.Group):
    """All commands; where what they tell can't be written, they say so."""

    def main(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- click's
        """Run a command, and see that its output has left us."""
        try:
            try:
                return super().main(*arguments, **options)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()
        except OSError as error:
            if error.errno not in _UNWRITTEN or error.filename is not None:
                raise
            _leave(error)

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:  # noqa: ANN401 -- click's
        """Read the words before a command."""
        with _one_line():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- click's
        """Run a command."""
        with _one_line():
            return super().invoke(ctx)


class Unfit(click.ClickException):
    """Words of a command that can't be, in one line, as all other errors have it."""

    exit_code = 2


@contextmanager
def _one_line() -> Iterator[None]:
    """Leave out the usage, and the blank line behind it; it is named where it helps."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        line = " ".join(error.format_message().split())
        # click's own sentences begin with a capital: of words that are none, or that are missing.
        if line[:1].isupper() and error.ctx and type(error) is not click.BadParameter:
            line = f"{line.rstrip('.')}; see {error.ctx.command_path} --help"
        raise Unfit(line) from None


def _leave(error: OSError) -> None:
    """Say why, and end; what is left in buffers goes nowhere."""
    if error.errno != errno.EPIPE:
        with suppress(OSError):
            click.echo(f"Error: the output can't be written: {error.strerror}", err=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # no real one
            try:
                stream.flush()
            except OSError:
                os.dup2(nowhere, stream.fileno())
    raise SystemExit(1) from error
