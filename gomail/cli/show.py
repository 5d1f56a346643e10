"""``gomail show``: the newest messages of a Maildir, as text."""

from pathlib import Path

import click

from gomail.cli.basis import Basis, find_basis
from gomail.cli.kinds import Number
from gomail.config import ConfigurationError

_MESSAGES = Number("a number of messages", 1, 1000)


@click.command()
@click.argument("number", type=_MESSAGES, default=1, metavar="[N]")
@click.option("--maildir", metavar="FOLDER", help="[default: as configured, else ~/Maildir]")
@click.option("--folder", default="", metavar="NAME", help="In it, such as Junk [the inbox].")
@click.option("-c", "--config", "file", metavar="FILE", help="Says where the Maildir is.")
@click.option("--save", metavar="FOLDER", help="Save attachments there, never over a file.")
@click.option("--all-fields", is_flag=True, help="Show all header fields.")
@click.option("--json", is_flag=True, help="Write the messages as a list in JSON.")
def show(  # noqa: PLR0913, PLR0917 -- click gives them by name
    number: int,
    maildir: str | None,
    folder: str,
    file: str | None,
    save: str | None,
    all_fields: bool,  # noqa: FBT001 -- as above
    json: bool,  # noqa: FBT001 -- as above
) -> None:
    """
    Show the N newest messages of a Maildir [1], the newest last.

    Each is read in a process of its own that may take little time and memory; nothing in it can do
    anything to the terminal. Nothing is moved or marked: they stay new. The status is 1 where there
    is no message.
    """
    place = Path(maildir or _configured(file)).expanduser()
    if save is not None and not Path(save).is_dir():
        raise click.BadParameter(f"there is no folder {save}", param_hint="--save")
    from gomail.cli.messages import NoSuchFolder, newest, plain, text  # noqa: PLC0415 -- brings Twisted

    try:
        found = newest(place, folder, number, save)
    except NoSuchFolder as error:
        raise click.ClickException(f"{place} has no folder {folder!r}; {error}") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or place}: {error.strerror}") from None
    click.echo(plain(found) if json else text(found, all_fields=all_fields), nl=json)
    if not found:
        raise click.ClickException(f"there is no mail in {place}{f' ({folder})' * bool(folder)}")


def _configured(file: str | None) -> str:
    """Give the Maildir that is configured, if there is one for all; else the usual one."""
    try:
        basis = find_basis(file)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from None
    maildir = maildir_of(basis)
    if maildir is None:
        return "~/Maildir"
    click.echo(basis.line, err=True)
    return maildir


def maildir_of(basis: Basis) -> str | None:
    """Give the Maildir of a configuration; None where it is nobody's but the defaults."""
    if basis.file is None and basis.pid is None:
        return None
    maildir = basis.configuration.maildir
    if "{" in maildir:
        where = basis.file or "the server that runs"
        raise click.UsageError(f"{where} has a Maildir for each mailbox; --maildir says which")
    return maildir
