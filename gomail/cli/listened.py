"""
Where the inbox of a unit listens: read as the inbox reads it, and as far as its sandbox lets it.

What it could not open, or nobody but root's own programs could reach, is refused before there is a
unit that fails. Twisted comes with this; it is imported where there is an endpoint.
"""

import grp
import os
import pwd
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path, PurePosixPath

import click

from gomail.inbox.web.wanted import LISTEN
from gomail.server.sockets import PortError, fields_of, read_tcp, read_unix
from gomail.units.shape import GROUP, HOMES, STATE, in_state

_FIRST_FREE = 1024  # ports below need a right that the unit has not
_LONGEST = 107  # octets of a socket's path: sun_path of unix(7), but for its NUL
# The system's own, gone at the next boot, or another one in the sandbox (PrivateTmp=).
_FOREIGN = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin"),
    *("/sys", "/tmp", "/usr", "/var/tmp"),  # noqa: S108 -- nothing is made there
)
_GROUPS = 0o020  # the group's right to connect
_FOR_GROUP = 0o2010  # rights of a folder that its group may enter, and has what is made in it


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where an inbox listens.

    Attributes:
        endpoint: the endpoint string, with the rights to the socket if a group has them.
        folder: in which it makes a socket, if it does.
        local: whether nobody but this machine reaches it.
    """

    endpoint: str
    folder: str | None = None
    local: bool = True


def read_place(endpoint: str, user: str, group: str | None, *, proxied: bool) -> Place:
    """
    Read where the inbox of a unit listens.

    Args:
        endpoint: the endpoint string, of a kind as `gomail.settings.words` reads it.
        user: who runs it; a user of this machine.
        group: the proxy's, if a unix socket is to be for one.
        proxied: whether a proxy is to come by a unix socket.

    Raises:
        ClickException: in one line, what was expected.
    """
    kind, *fields = fields_of(endpoint)
    try:
        if kind == "unix":
            path, mode, _ = read_unix(endpoint, fields)
            folder = _folder(endpoint, path)
            _check_owner(endpoint, folder, user)
            if group is not None:
                _check_group(group, folder, user)
            return Place(_with_rights(endpoint, mode, group, proxied=proxied), folder)
        if group is not None:
            expected = "--inbox-listen unix:PATH was expected beside it"
            raise _wrong(f"--inbox-group {group}", expected)
        if kind == "tcp":
            port, interface, _ = read_tcp(endpoint, fields)
            return Place(endpoint, local=_is_loopback(endpoint, port, interface))
    except PortError as error:
        raise click.ClickException(f"--inbox-listen {error}") from None
    raise _unfit(endpoint, f"{LISTEN}, another tcp: or unix:PATH was expected of a unit")


def _wrong(what: str, expected: str) -> click.ClickException:
    """Say in one line what was expected."""
    return click.ClickException(f"{what}: {expected}")


def _unfit(endpoint: str, expected: str) -> click.ClickException:
    """Say in one line what was expected of an endpoint."""
    return _wrong(f"--inbox-listen {endpoint}", expected)


def _is_loopback(endpoint: str, port: int, interface: str) -> bool:
    """Tell whether this machine alone reaches a port."""
    if port < _FIRST_FREE:
        raise _unfit(endpoint, f"a port from {_FIRST_FREE} on was expected, which needs no root")
    if not interface:
        return False
    try:
        return ip_address(interface).is_loopback
    except ValueError:
        expected = "an address was expected, such as interface=127.0.0.1"
        raise _unfit(endpoint, expected) from None


def _folder(endpoint: str, path: str) -> str:
    """Give the folder of a socket, which the sandbox is to show."""
    folder = PurePosixPath(path).parent
    straight = folder.is_absolute() and os.path.realpath(folder) == str(folder)
    own = len(folder.parts) > 2 and f"{folder.parent}/" not in HOMES
    if not straight or not own or any(folder.is_relative_to(each) for each in _FOREIGN):
        expected = (
            "a path from the root on was expected, without links, in a folder of the socket's own "
            "that is still there after a boot, such as /var/lib/gomail-inbox/socket"
        )
        raise _unfit(endpoint, expected)
    if len(os.fsencode(path)) > _LONGEST:
        raise _unfit(endpoint, f"a path of {_LONGEST} octets at most was expected")
    return str(folder)


def _check_owner(endpoint: str, folder: str, user: str) -> None:
    """See that a folder is the user's own, or can be made: the sandbox lets it be written to."""
    there = next(each for each in (Path(folder), *Path(folder).parents) if os.path.lexists(each))
    owners = {pwd.getpwnam(user).pw_uid}
    if str(there) != folder:
        owners.add(0)  # root makes it there
    if there.is_dir() and there.stat().st_uid in owners:
        return
    why = "is somebody else's" if there.is_dir() else "is no folder"
    raise _unfit(endpoint, f"a folder of {user}'s own was expected, or none yet; {there} {why}")


def _check_group(group: str, folder: str, user: str) -> None:
    """See that a group enters a folder, if that is there, and has what is made in it."""
    what = f"--inbox-group {group}"
    number = _number(group)
    if number is None:
        raise _wrong(what, "a group of this machine was expected, the proxy's, such as www-data")
    if in_state(folder):
        raise _wrong(what, f"a folder elsewhere than in {STATE} was expected, which is {user}'s")
    if not os.path.lexists(folder):
        return
    status = Path(folder).stat()
    if status.st_gid != number or status.st_mode & _FOR_GROUP != _FOR_GROUP:
        expected = f"{folder} is not for it: install -d -m 2750 -o {user} -g {group} {folder}"
        raise _wrong(what, f"{expected} was expected before")


def _number(group: str) -> int | None:
    """Look up a group; one with a name that no command takes as it is counts as none."""
    try:
        return grp.getgrnam(group).gr_gid if GROUP.match(group) else None
    except KeyError:
        return None


def _with_rights(endpoint: str, mode: int | None, group: str | None, *, proxied: bool) -> str:
    """Give an endpoint with the rights that let in who is to come."""
    if group is not None:
        if mode is not None and not mode & _GROUPS:
            raise _unfit(endpoint, "mode=660 was expected beside --inbox-group, or nothing of it")
        return f"{endpoint}:mode=660" if mode is None else endpoint
    if proxied and mode is None:
        expected = "--inbox-group NAME was expected, the proxy's, such as www-data"
        raise _unfit(endpoint, f"{expected}; or mode=600 where the proxy is the same user")
    return endpoint
