"""The inbox's password, as it is asked for and kept."""

import getpass
import sys
from pathlib import Path

import click

from gomail.server.start import StartError


def set_password(path: Path | None) -> None:
    """
    Ask for a password and keep its hash.

    Raises:
        StartError: there is no place for it, or it can't be written, or none was said.
    """
    from gomail.inbox.web.passwords import write_hash  # noqa: PLC0415 -- an extra

    if path is None:
        raise StartError("there is no state folder for the password; --password-file names a file")
    try:
        write_hash(path, _ask_password())
    except ValueError as error:
        raise StartError(f"no password was set: {error}") from error
    except OSError as error:
        raise StartError(f"the password {path} can't be written: {error.strerror}") from error
    click.echo(f"The password's hash is in {path}; an inbox that runs goes by it from now on.")


def _ask_password() -> str:
    """Ask twice at a terminal; take the first line of what is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    said = getpass.getpass("Password for the inbox: ")
    if getpass.getpass("Once more: ") != said:
        raise ValueError("the same was expected twice")
    return said
