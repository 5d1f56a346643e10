"""
What the inbox of a unit is started with: the options of ``gomail units`` that are its own.

They are read as the inbox reads them, since the unit would only fail with them later; and the
sandbox is to let it do what they say.
"""

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any

import click

from gomail.inbox.web.wanted import LISTEN, read_name
from gomail.settings.words import read_endpoint, read_networks
from gomail.units.shape import HOMES, STATE, Shown

#: Where the inbox of a unit has its password: the state folder is the server's, too.
PASSWORD = f"{STATE}/inbox-password"

_OPTIONS = (
    click.option("--host", "hosts", multiple=True, help="As of gomail inbox, beside --inbox."),
    click.option("--proxy", "proxies", multiple=True, help="As of gomail inbox, beside --inbox."),
    click.option("--inbox-listen", metavar="ENDPOINT", help="As --listen of gomail inbox."),
)
_FIELD = re.compile(r"(?<!\\):")


def of_the_inbox(command: Callable[..., None]) -> Callable[..., None]:
    """Take these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_shown(
    command: Sequence[str],
    *,
    hosts: Sequence[str],
    proxies: Sequence[str],
    inbox_listen: str | None,
) -> Shown:
    """
    Read the options, which go behind *command*; tell in one line what is wrong with them.

    Raises:
        ClickException: one can't be read, or not by a unit.
    """
    words = [*command]
    for name in hosts:
        words += ("--host", _read("--host", read_name, name))
    for network in proxies:
        words += ("--proxy", *_read("--proxy", lambda each: read_networks([each]), network))
    words += (
        ()
        if inbox_listen is None
        else ("--listen", _read("--inbox-listen", read_endpoint, inbox_listen))
    )
    kind, *fields = _FIELD.split(inbox_listen or LISTEN)
    said = dict(each.split("=", 1) for each in fields if "=" in each)
    if kind == "unix":
        path = next((each for each in fields if "=" not in each), said.get("address", ""))
        return Shown(tuple(words), _folder(path), local=True, closed=bool(hosts))
    if kind != "tcp":
        expected = f"{LISTEN}, another tcp: or unix:PATH was expected of a unit"
        msg = f"--inbox-listen {inbox_listen}: {expected}"
        raise click.ClickException(msg)
    local = _is_loopback(said.get("interface", "").replace("\\", ""))
    return Shown(tuple(words), None, local=local, closed=bool(hosts) or not local)


def _read(option: str, read: Callable[[str], Any], value: str) -> Any:  # noqa: ANN401 -- as it is read
    try:
        return read(value)
    except ValueError as error:
        raise click.ClickException(f"{option} {value}: {error}") from None


def _folder(path: str) -> str:
    """Give the folder of a socket, which the sandbox is to show."""
    folder = PurePosixPath(re.sub(r"\\(.)", r"\1", path)).parent
    own = len(folder.parts) > 2 and f"{folder.parent}/" not in HOMES
    if not folder.is_absolute() or not own or ".." in folder.parts or _is_private(folder):
        msg = (
            f"--inbox-listen unix:{path}: a path from the root on was expected, in a folder of the "
            "socket's own, such as /var/lib/gomail-inbox/socket"
        )
        raise click.ClickException(msg)
    return str(folder)


def _is_private(folder: PurePosixPath) -> bool:
    """Tell whether a folder is another one in the sandbox (PrivateTmp=)."""
    return any(folder.is_relative_to(each) for each in ("/tmp", "/var/tmp"))  # noqa: S108


def _is_loopback(interface: str) -> bool:
    """Tell whether this machine alone reaches an address."""
    try:
        return ip_address(interface).is_loopback
    except ValueError:
        return False
