"""``gomail config``: whether a configuration file is fine, and what is in effect with it."""

import click

from gomail.config import Configuration, ConfigurationError, directory, load, render
from gomail.recipients.directory import Directory


@click.group()
def config() -> None:
    """Check a configuration file, or show what is in effect."""


@config.command()
@click.argument("file", default="gomail.toml")
def check(file: str) -> None:
    """Say whether FILE (gomail.toml) is fine, or else what is wrong with it."""
    try:
        configuration = load(file)
        found = directory(configuration)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file}: fine: {_summary(configuration, found)}")
    for note in found.notes:
        click.echo(f"note: {note}")


@config.command()
@click.option("-c", "--config", "file", metavar="FILE", help="A TOML file [default: none].")
def show(file: str | None) -> None:
    """Write all settings that are in effect, defaults included, as TOML."""
    try:
        configuration = Configuration() if file is None else load(file)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    click.echo(render(configuration), nl=False)


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
