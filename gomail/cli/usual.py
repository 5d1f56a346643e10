"""What commands have in common: where a configuration usually is, and how a host's name is read."""

from pathlib import Path

import click

from gomail.address import comparable_domain
from gomail.settings.words import read_hostname

HERE, CONFIG = "gomail.toml", "/etc/gomail.toml"


def usual_file() -> str | None:
    """Give the configuration in this folder, or else this machine's, if there is one."""
    return next((each for each in (HERE, CONFIG) if Path(each).exists()), None)


def read_host(_: object, __: object, text: str | None) -> str | None:
    """Read a host's name, as click calls it; an empty one, or none, stays so."""
    try:
        return text and comparable_domain(read_hostname(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def read_hosts(_: object, __: object, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Read hosts' names, likewise."""
    return tuple(read_host(_, __, text) or "" for text in texts)
