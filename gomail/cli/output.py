"""What a command's output ends with where it can't be written: one line, and status 1."""

import errno
import os
import sys
from contextlib import suppress
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
