"""
``twistd gomail-inbox``, which ``gomail inbox`` is: the mail in a browser, by a process of its own.

It runs as the user who reads the mail, and never inside of the server that receives: whatever
becomes of a browser's requests, no session hears of it.
"""

import os
import pwd
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn, cast

import click
from twisted.application.service import MultiService
from twisted.python import usage
from twisted.python.components import Componentized

from gomail.cli.asked import control_paths
from gomail.cli.basis import find_basis
from gomail.cli.password import set_password
from gomail.cli.show import maildir_of
from gomail.config import ConfigurationError
from gomail.inbox.web.alive import Alive
from gomail.inbox.web.wanted import LISTEN, Wanted, read_name
from gomail.server.reactor import Reactor
from gomail.server.sockets import PortError
from gomail.server.start import Identity, StartError
from gomail.server.telling import Telling
from gomail.server.twistd import Twistd, take_no_words
from gomail.settings.words import read_networks

if TYPE_CHECKING:
    from gomail.inbox.web.serving import Inbox

_EXTRA = frozenset({"argon2", "jinja2", "markupsafe", "nh3"})
_MORE = "the inbox needs more packages: pip install 'gomail[inbox]'"
_FOLDERS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME")


class Options(usage.Options):
    """What can be said on the command line."""

    synopsis = "[options]"
    longdesc = (
        "Shows a Maildir in the browser, as the user who reads it: lists, searches and marks as "
        "mutt does at the same time, and shows what the server does, live. Without a password it "
        "is for this machine alone."
    )
    optFlags: ClassVar[list[list[str | None]]] = [
        ["set-password", None, "Ask for a password, keep its hash, and end."],
    ]
    optParameters: ClassVar[list[list[str | None]]] = [
        ["maildir", None, None, "The Maildir [default: as configured, else ~/Maildir]."],
        ["listen", "l", LISTEN, "Where browsers find it: tcp:, unix:, ssl: or systemd:."],
        ["config", "c", None, "The server's TOML file; says where the Maildir is."],
        [
            "control",
            None,
            None,
            "The server's control socket [default: as configured, or the usual].",
        ],
        [
            "password-file",
            None,
            None,
            "Where the password's hash is [default: in the state folder].",
        ],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["hosts"], self["proxies"] = [], []

    def opt_host(self, name: str) -> None:
        """Be reached under this name, too, beside localhost; may be given several times."""
        try:
            self["hosts"].append(read_name(name))
        except ValueError as error:
            raise usage.UsageError(f"--host {name}: {error}") from error

    def opt_proxy(self, network: str) -> None:
        """Believe X-Forwarded-For from there: an address, a network, or "unix"; may be repeated."""
        try:
            self["proxies"] += read_networks([network])
        except ValueError as error:
            raise usage.UsageError(f"--proxy {network}: {error}") from error

    def getSynopsis(self) -> str:
        """Say how to use it: ``gomail inbox`` takes the same options."""
        if Path(sys.argv[0]).name == "gomail":
            return "Usage: gomail inbox [options]"
        return super().getSynopsis()

    def opt_version(self) -> NoReturn:
        """Display the version of gomail and exit."""
        click.echo(f"gomail {version('gomail')}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the options; one that can't be ends in one line."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            text = str(error).rstrip(".")
            raise SystemExit(f"gomail: {text}; --help lists the options") from error

    def parseArgs(self, *words: str) -> None:
        """Take no words but options."""
        take_no_words(words)

    def postOptions(self) -> None:
        """Set the password, if that is what is wanted."""
        if self["set-password"]:
            with _told(), _become(self.identity):
                set_password(self._password_file())
            raise SystemExit(0)

    def _password_file(self) -> Path | None:
        """Give where the password is."""
        from gomail.inbox.web.passwords import usual_path  # noqa: PLC0415 -- an extra

        given = self["password-file"]
        return Path(given).expanduser().absolute() if given else usual_path()

    def _see_password_file(self) -> None:
        """See that a password file that is named is there: to go without would let all in."""
        path = self._password_file()
        if self["password-file"] and path is not None and not os.path.lexists(path):
            msg = f"there is no password {path}; gomail inbox --set-password --password-file {path}"
            raise StartError(f"{msg} writes it")

    @property
    def identity(self) -> Identity:
        """Who the inbox is going to be: twistd may drop root's rights."""
        return Twistd(self.parent or {}).identity

    def wanted(self) -> Wanted:
        """
        Give what was said, as values.

        Raises:
            ConfigurationError, StartError: in one line.
        """
        self._see_password_file()
        basis = find_basis(self["config"])
        configuration = basis.configuration
        maildir = Path(self["maildir"] or maildir_of(basis) or "~/Maildir").expanduser().absolute()
        _see(maildir)
        return Wanted(
            maildir,
            index_of(maildir),
            self["listen"],
            tuple(self["hosts"]),
            self._password_file(),
            tuple(control_paths(configuration, self["control"])),
            tuple(self["proxies"]),
            configuration.authserv_id if "hostname" in configuration.given else "",
        )


def _see(maildir: Path) -> None:
    """
    See that there is a Maildir, which we may look into.

    Raises:
        StartError: there is none, or not for us.
    """
    try:
        if not maildir.is_dir():
            raise StartError(f"there is no Maildir {maildir}; --maildir names another")
        missing = [each for each in ("new", "cur") if not (maildir / each).is_dir()]
        linked = [each for each in ("new", "cur") if (maildir / each).is_symlink()]
    except OSError as error:
        who = f"the user with id {os.geteuid()}"
        msg = f"{maildir}: {who} can't read this Maildir: {error.strerror}; --maildir names another"
        raise StartError(msg) from error
    if missing:
        msg = f"{maildir} is no Maildir: a folder with new/ and cur/ was expected"
        raise StartError(f"{msg}; --maildir names another")
    if linked:
        raise StartError(f"{maildir / linked[0]} is a symbolic link, which is not followed")


def index_of(maildir: Path) -> Path | None:
    """Give the file of a Maildir's index: in the user's cache folder, if there can be one."""
    name = sha256(os.fsencode(os.path.realpath(maildir))).hexdigest()[:16]
    given = os.environ.get("CACHE_DIRECTORY", "").partition(":")[0]
    try:
        home = Path(given) if given else _cache() / "gomail"
    except RuntimeError:
        return None
    return home / f"inbox-{name}.sqlite"


def _cache() -> Path:
    """Give the user's cache folder."""
    named = Path(os.environ.get("XDG_CACHE_HOME", "")).expanduser()
    return named if named.is_absolute() else Path.home() / ".cache"


@contextmanager
def _become(identity: Identity) -> Iterator[None]:
    """
    Be who the inbox is going to be, as far as files are concerned, and live in that user's home.

    What root's environment says of folders is said of root; it is not what twistd drops with the
    rights.

    Raises:
        StartError: that user has no home.
    """
    if identity.uid is not None and identity.uid != os.geteuid():
        try:
            os.environ["HOME"] = pwd.getpwuid(identity.uid).pw_dir
        except KeyError:
            msg = f"--uid {identity.uid}: a user of this machine was expected, who has a home"
            raise StartError(msg) from None
        for name in _FOLDERS:
            os.environ.pop(name, None)
    with identity.assumed():
        yield


@contextmanager
def _told() -> Iterator[None]:
    """Tell in one line what can't be."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name in _EXTRA:
            raise SystemExit(f"gomail: {_MORE}") from None
        raise
    except (ConfigurationError, PortError, StartError) as error:
        raise SystemExit(f"gomail: {error}") from error
    except click.UsageError as error:
        raise SystemExit(f"gomail: {error.message}") from error


class Serving(MultiService):
    """The inbox with its log, as twistd runs it."""

    def __init__(self, inbox: "Inbox", telling: Telling, alive: Alive, twistd: Twistd) -> None:
        super().__init__()
        self._telling, self._twistd = telling, twistd
        for each in (telling, inbox, alive):
            self.addService(each)

    def setServiceParent(self, parent: Componentized | MultiService) -> None:
        """Join the application, and write its log."""
        super().setServiceParent(parent)
        if isinstance(parent, Componentized) and not self._twistd.syslog:
            self._telling.take_log(parent)

    def privilegedStartService(self) -> None:
        """Begin to listen, while there are rights to be dropped."""
        with self._twistd.listening():
            super().privilegedStartService()


def makeService(options: Options) -> Serving:
    """Make the inbox, or say in one line why there will be none."""
    from twisted.internet import reactor  # twistd has chosen one by now

    # Twisted goes by the wall clock: set forward, it would end all that has a time.
    setattr(reactor, "seconds", time.monotonic)  # noqa: B010 -- to mypy it is a method
    twistd = Twistd(options.parent or {})
    with _told():
        from gomail.inbox.web.serving import Inbox  # noqa: PLC0415 -- an extra

        with _become(twistd.identity):
            wanted = options.wanted()
        log, shown = twistd.open_log()
        inbox = Inbox(cast("Reactor", reactor), wanted, twistd.identity)
    _announce(inbox, wanted, shown, twistd)
    alive = Alive(cast("Reactor", reactor), inbox.address)
    return Serving(inbox, Telling(log, cast("Reactor", reactor)), alive, twistd)


def _announce(inbox: "Inbox", wanted: Wanted, log: str, twistd: Twistd) -> None:
    """Say where it is, if anybody is there."""
    rows = "\n".join(f"  {name:<15}{what}" for name, what in _rows(inbox, wanted, log, twistd))
    click.echo(f"gomail inbox\n{rows}", err=not twistd.foreground)


def _rows(inbox: "Inbox", wanted: Wanted, log: str, twistd: Twistd) -> Iterator[tuple[str, str]]:
    """Give what is said."""
    yield "listens on", inbox.address
    yield "shows", str(wanted.maildir)
    yield "password", inbox.guarded
    yield "log", log
    yield "stop it with", twistd.stop
    yield from (("note", note) for note in (*twistd.identity.warnings, *twistd.notes(log)))
