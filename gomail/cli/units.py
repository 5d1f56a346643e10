"""``gomail units``: units for systemd, written out for this machine."""

import os
import pwd
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gomail.cli.fitting import check_folder, check_paths, check_settings, check_words
from gomail.cli.shown import PASSWORD, of_the_inbox, read_shown
from gomail.config import Configuration, ConfigurationError, load, with_options
from gomail.recipients.mailbox import Template
from gomail.settings.usual import CONFIG
from gomail.units.placing import NotOurs, place, signed
from gomail.units.shape import (
    SOCKET,
    STATE,
    SYSUSERS,
    USER,
    Shape,
    Shown,
    in_home,
    in_state,
)

ENDPOINT = "systemd:domain=INET6:index=0"

_WITHOUT = (
    "; that file, or --config FILE, was expected for many mailboxes; for one person --user NAME, "
    "with --hostname and --domain, will do"
)
_NO_READER = "--inbox: --user NAME, who reads the only Maildir, was expected beside it"
_NO_INBOX = "--host, --proxy, --inbox-listen, --inbox-group: --inbox was expected beside them"
_OPTIONS = (
    click.option("--user", metavar="NAME", help="Who reads the mail [default: gomail, for many]."),
    click.option("-c", "--config", "file", metavar="FILE", help=f"[default for many: {CONFIG}]"),
    click.option("--hostname", help="As of gomail run."),
    click.option("--domain", "domains", multiple=True, help="As of gomail run."),
    click.option("--maildir", help="As of gomail run [default: Maildir in NAME's home]."),
    click.option("--listen", default="25", metavar="PORT", help="Port or address [default: 25]."),
    click.option("--no-socket", is_flag=True, help="The service itself opens the port."),
    click.option("--inbox", is_flag=True, help="A service for the inbox in the browser, too."),
)


@click.group()
def units() -> None:
    """Write units for systemd: a service in a sandbox, and the socket of its port."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Take the options that say what is in the units."""
    command = of_the_inbox(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@units.command()
@_options
def show(**options: object) -> None:
    """Print the units."""
    for path, text in _shape(**options).texts().items():  # type: ignore[arg-type]  # see _OPTIONS
        click.echo(f"# /{path}\n{signed(text)}")


@units.command()
@_options
@click.option("--root", default="/", metavar="FOLDER", help="Write below this folder.")
def install(root: str, **options: object) -> None:
    """Put the units in their place; files that were changed by hand are left alone."""
    shape = _shape(**options)  # type: ignore[arg-type]  # see _OPTIONS
    try:
        written = place({Path(root, path): text for path, text in shape.texts().items()})
    except NotOurs as error:
        raise click.ClickException(str(error)) from None
    except PermissionError as error:
        msg = f"{error.filename} can't be written: sudo {sys.argv[0]} units install …"
        raise click.ClickException(msg) from None
    except OSError as error:
        msg = f"{error.filename} can't be written: {error.strerror}"
        raise click.ClickException(msg) from None
    for path in written:
        click.echo(f"wrote {path}")
    click.echo("Now, as root:")
    click.echo("    " + " && ".join(_steps(shape, Path(root))))


def _steps(shape: Shape, root: Path) -> Iterator[str]:
    """Give the commands that are left to do."""
    if shape.listen is None and (root / SOCKET).exists():
        yield "systemctl disable --now gomail.socket"
    if SYSUSERS in shape.texts():
        yield "systemd-sysusers"
    if shape.inbox is not None:
        yield from _folder_of(shape.inbox, shape.user)
    if not Path(shape.maildir).is_dir() and not in_state(shape.maildir):
        mode = "700" if shape.group is None else f"2770 -g {shape.group}"
        yield f"install -d -m {mode} -o {shape.user} {shape.maildir}"
    yield "systemctl daemon-reload"
    if shape.listen is None:
        yield "systemctl enable --now gomail.service"
    else:
        yield "systemctl enable --now gomail.socket gomail.service"
    if shape.inbox is None:
        return
    if shape.inbox.closed and not (root / PASSWORD[1:]).exists():
        # Its folder is made when the server starts.
        program = " ".join(shape.inbox.command[: shape.inbox.command.index("inbox")])
        set_it = f"{program} inbox --set-password --password-file {PASSWORD}"
        yield f"runuser -u {shape.user} -- {set_it}"
    yield "systemctl enable --now gomail-inbox.service"


def _folder_of(inbox: Shown, user: str) -> Iterator[str]:
    """Give the command that makes the folder of the inbox's socket, if nothing else makes it."""
    folder = inbox.folder
    if folder is None or folder == STATE or os.path.lexists(folder):
        return
    rights = "" if inbox.group is None else f" -m 2750 -g {inbox.group}"
    yield f"install -d{rights} -o {user} {folder}"


def _shape(  # noqa: PLR0913 -- each is an option
    *,
    user: str | None,
    file: str | None,
    hostname: str | None,
    domains: tuple[str, ...],
    maildir: str | None,
    listen: str,
    no_socket: bool,
    inbox: bool,
    **of_inbox: Any,  # noqa: ANN401 -- see of_the_inbox
) -> Shape:
    """Make the shape of what the options say, or tell in one line what is wrong with them."""
    _check_reader(user, of_inbox, inbox=inbox)
    home = STATE if user is None else _home(user)
    usual = CONFIG if user is None and file is None else None
    path = usual if file is None else str(Path(file).absolute())
    command = ["run"]
    try:
        with _at_home(home):
            said = Configuration() if path is None else load(path)
            if maildir is None and "maildir" not in said.given:
                maildir = f"{home}/Maildir"
            whole = with_options(said, hostname=hostname, domains=domains, maildir=maildir)
            command += _port(said, listen, no_socket=no_socket)
    except ConfigurationError as error:
        expected = "" if usual is None or Path(usual).exists() else _WITHOUT
        raise click.ClickException(f"{error}{expected}") from None
    command += _words("--config", path) + _words("--hostname", hostname)
    command += [word for domain in domains for word in _words("--domain", domain)]
    command += _words("--maildir", None if maildir is None else whole.maildir)
    folder = os.path.realpath(Template(whole.maildir).root)
    code = _code(user)
    check_folder(folder)
    check_paths(folder, *code)
    check_words(*command)
    check_settings(listen, whole.group, path)
    program, listens = (*_program(), *command), None if no_socket else listen
    shown = _shown(whole.maildir, path, user, **of_inbox) if inbox and user else None
    return Shape(user or USER, program, folder, code, listens, whole.group, shown)


def _check_reader(user: str | None, of_inbox: Mapping[str, object], *, inbox: bool) -> None:
    """See that an inbox has somebody who reads, and options of one have an inbox."""
    if inbox and user is None:
        raise click.ClickException(_NO_READER)
    if not inbox and any(of_inbox.values()):
        raise click.ClickException(_NO_INBOX)


def _shown(
    maildir: str,
    file: str | None,
    user: str,
    **of_inbox: Any,  # noqa: ANN401 -- see above
) -> Shown:
    """Give the inbox, for the one person who reads the mail."""
    if "{" in maildir:
        raise click.ClickException(_NO_READER)
    options = [*_words("--maildir", maildir), *_words("--config", file)]
    # Its password is found in the StateDirectory.
    shown = read_shown((*_program(), "inbox", *options), user, **of_inbox)
    check_words(*shown.command)
    check_paths(shown.folder or "")
    return shown


def _words(option: str, value: str | None) -> list[str]:
    """Write an option with its value, if it has one."""
    return [] if value is None else [option, value]


def _home(user: str) -> str:
    """Give the home of a user of this machine."""
    try:
        found = pwd.getpwnam(user)
    except KeyError:
        raise click.ClickException(f"--user: there is no {user} on this machine") from None
    if found.pw_uid == 0:
        raise click.ClickException("--user: who reads the mail was expected, not root")
    return found.pw_dir


@contextmanager
def _at_home(home: str) -> Iterator[None]:
    """Let ``~`` be the home of who will run it, not of who installs it."""
    before = os.environ.get("HOME")
    os.environ["HOME"] = home
    try:
        yield
    finally:
        if before is None:
            del os.environ["HOME"]
        else:
            os.environ["HOME"] = before


def _port(said: Configuration, listen: str, *, no_socket: bool) -> list[str]:
    """
    Give the option for the port; a file with listeners must itself name the one of the socket.

    Else the service would listen on what systemd listens on, and fail.
    """
    passed = any("systemd:" in each.endpoint for each in said.listeners)
    if "listener" not in said.given:
        return ["--port", f"tcp:{listen}" if no_socket else ENDPOINT]
    if no_socket and passed:
        msg = f"{said.source}: a listener waits for the socket unit, which --no-socket leaves out"
        raise click.ClickException(msg)
    if not no_socket and not passed:
        msg = (
            f'{said.source}: the port is opened by the socket unit; write endpoint = "{ENDPOINT}" '
            "instead of it, or leave [[listener]] out, or say --no-socket"
        )
        raise click.ClickException(msg)
    return []


def _program() -> list[str]:
    """Give the program that runs, as a command that does not depend on who calls it."""
    path = os.path.realpath(shutil.which(sys.argv[0]) or sys.argv[0])
    if Path(path).name == "gomail" and os.access(path, os.X_OK):
        return [path]
    return [sys.executable, "-m", "gomail"]


def _code(user: str | None) -> tuple[str, ...]:
    """Give the folders in homes in which the program lies; gomail's own user sees no home."""
    package = str(Path(__file__).parents[2])
    places = {os.path.realpath(each) for each in (sys.prefix, sys.base_prefix, package)}
    found = sorted(each for each in places if in_home(each))
    found = [each for each in found if not any(each.startswith(f"{o}/") for o in found)]
    if found and user is None:
        msg = (
            f"{found[0]} is in a home, which the user {USER} can't see; install gomail for all: "
            "python3 -m venv /opt/gomail && /opt/gomail/bin/pip install '.[checks]' in its source"
        )
        raise click.ClickException(msg)
    return tuple(found)
