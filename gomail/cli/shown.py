"""
What the inbox of a unit is started with: the options of ``gomail units`` that are its own.

They are read as the inbox reads them, since the unit would only fail with them later; and the
sandbox is to let it do what they say. Where it listens is read by `gomail.cli.listened`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import click

from gomail.inbox.web.wanted import LISTEN, read_name
from gomail.settings.words import read_endpoint, read_networks
from gomail.units.shape import STATE, Shown

#: Where the inbox of a unit has its password: the state folder is the server's, too.
PASSWORD = f"{STATE}/inbox-password"

_OPTIONS = (
    click.option("--host", "hosts", multiple=True, help="As of gomail inbox, beside --inbox."),
    click.option("--proxy", "proxies", multiple=True, help="As of gomail inbox, beside --inbox."),
    click.option("--inbox-listen", metavar="ENDPOINT", help="As --listen of gomail inbox."),
    click.option("--inbox-group", metavar="NAME", help="Whose its unix socket is, too: a proxy's."),
)


def of_the_inbox(command: Callable[..., None]) -> Callable[..., None]:
    """Take these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_shown(  # noqa: PLR0913 -- each is an option
    command: Sequence[str],
    user: str,
    *,
    hosts: Sequence[str],
    proxies: Sequence[str],
    inbox_listen: str | None,
    inbox_group: str | None,
) -> Shown:
    """
    Read the options, which go behind *command*; tell in one line what is wrong with them.

    Args:
        command: the program and its first arguments.
        user: who runs it; a user of this machine.
        hosts: names, as said.
        proxies: networks, as said.
        inbox_listen: an endpoint string, as said.
        inbox_group: the name of a group, as said.

    Raises:
        ClickException: one can't be read, or not by a unit.
    """
    from gomail.cli.listened import read_place  # noqa: PLC0415 -- has Twisted

    words = [*command]
    for name in hosts:
        words += ("--host", _read("--host", read_name, name))
    for network in proxies:
        words += ("--proxy", *_read("--proxy", lambda each: read_networks([each]), network))
    endpoint = _read("--inbox-listen", read_endpoint, inbox_listen or LISTEN)
    place = read_place(endpoint, user, inbox_group, proxied="unix" in proxies)
    if inbox_listen is not None:
        words += ("--listen", place.endpoint)
    closed = bool(hosts) or not place.local
    return Shown(tuple(words), place.folder, inbox_group, local=place.local, closed=closed)


def _read(option: str, read: Callable[[str], Any], value: str) -> Any:  # noqa: ANN401 -- as it is read
    try:
        return read(value)
    except ValueError as error:
        raise click.ClickException(f"{option} {value}: {error}") from None
