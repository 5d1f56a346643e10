"""What can stand in units: who says something else is told in one line what was expected."""

import re

import click

from gomail.settings.usual import CONFIG
from gomail.units.shape import GROUP, HOMES, in_home

_LISTEN = re.compile(r"[0-9A-Za-z.:\[\]/_-]+\Z")  # as systemd's ListenStream= has it
_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+@=,-")


def check_settings(listen: str, group: str | None, file: str | None) -> None:
    """See that a unit can be made of what is set."""
    if not _LISTEN.match(listen):
        msg = f"--listen: a port, or an address and a port, was expected, not {listen!r}"
        raise click.ClickException(msg)
    if group is not None and not GROUP.match(group):
        raise click.ClickException(f"group: the name of a group was expected, not {group!r}")
    if file is not None and in_home(file):
        raise click.ClickException(f"{file}: the service sees no home; put it at {CONFIG}")


def check_paths(*paths: str) -> None:
    """Refuse what systemd would read as something else."""
    for path in paths:
        if set(path) - _PLAIN:
            msg = f"{path!r}: letters, digits and /._+@=,- were expected, as systemd reads them"
            raise click.ClickException(msg)


def check_words(*words: str) -> None:
    """Refuse what would begin a line of its own in a unit."""
    for word in words:
        if not word.isprintable():
            raise click.ClickException(f"{word!r}: a word without line ends was expected")


def check_folder(folder: str) -> None:
    """Refuse a Maildir for which the sandbox would be given up."""
    if f"{folder}/" in HOMES or folder == "/" or folder.count("/") == 1:
        raise click.ClickException(f"{folder}: a folder of the mail's own was expected")
