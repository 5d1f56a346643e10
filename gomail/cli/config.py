"""``gomail config``: whether a configuration file is fine, and what it comes to."""

from collections.abc import Callable

import click

from gomail.certificates.wanted import Wanted
from gomail.config import Configuration, ConfigurationError, directory, load, render
from gomail.recipients.directory import Directory
from gomail.recipients.rows import notes_on_rows
from gomail.reply import Refused
from gomail.server.start import StartError, group_id
from gomail.settings.notes import notes_on_milters, see_library
from gomail.settings.usual import HERE


@click.group()
def config() -> None:
    """Check a configuration file, or show what it comes to."""


def _file(command: Callable[..., None]) -> Callable[..., None]:
    """Take the file as an argument, or by --config as the server does."""
    option = click.option("-c", "--config", "named", metavar="FILE", help="The same.")
    return click.argument("file", required=False)(option(command))


@config.command()
@_file
def check(file: str | None, named: str | None) -> None:
    """Say whether FILE (gomail.toml) is fine, or else what is wrong with it."""
    file = file or named or HERE
    try:
        configuration = load(file)
        found = directory(configuration)
        see_library(configuration.metrics)
        if configuration.group is not None:
            group_id(configuration.group)
        of_milters = notes_on_milters(configuration.milters)
        notes = [*found.notes, *_notes_of_certificates(configuration), *of_milters]
        notes += notes_on_rows(found)
        summary = _summary(configuration, found)
    except (ConfigurationError, StartError) as error:
        raise click.ClickException(str(error)) from None
    except Refused as refused:  # a database that was opened and is in trouble now
        raise click.ClickException(f"{file}: {refused.reason}") from None
    click.echo(f"{file}: fine: {summary}")
    for note in notes:
        click.echo(f"note: {note}")


@config.command()
@_file
def show(file: str | None, named: str | None) -> None:
    """Write what FILE, or no file, comes to with the defaults, as TOML."""
    file = file or named
    try:
        configuration = Configuration() if file is None else load(file)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    click.echo(render(configuration), nl=False)


def _notes_of_certificates(configuration: Configuration) -> tuple[str, ...]:
    """Read the certificates that are named, as whoever checks."""
    files = configuration.tls.files
    if not files:
        return ()
    from gomail.server.encryption import find_certificates  # noqa: PLC0415 -- fast without

    return find_certificates(Wanted(configuration.hostname, files=files)).notes


def _summary(configuration: Configuration, found: Directory) -> str:
    """Count what can be compared with what was meant."""
    counts = (
        (len(configuration.listeners), "listener", "s"),
        (len(configuration.domains), "domain", "s"),
        (found.mailboxes, "mailbox", "es"),
        (found.aliases, "alias", "es"),
    )
    return ", ".join(
        f"{count:,} {what}{'' if count == 1 else plural}" for count, what, plural in counts
    )
