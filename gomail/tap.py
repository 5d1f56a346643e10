"""
``twistd gomail``: its options, and the server that they start.

`makeService` runs before twistd forks or drops its rights. Whatever can go wrong is tried there,
and ends with one line and a non-zero exit, in the foreground and as a daemon alike.
"""

import os
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, NoReturn, cast

from twisted.python import usage

from gomail import config
from gomail.application import Application
from gomail.config import Configuration, ConfigurationError
from gomail.server.garbage import look_seldom
from gomail.server.reactor import Reactor
from gomail.server.sockets import PortError
from gomail.server.start import StartError, try_pidfile
from gomail.server.twistd import Twistd, take_no_words
from gomail.server.workers.words import VARIABLE
from gomail.settings.usual import usual_file
from gomail.starting import Wishes, begin

_SEVERAL = ("ports", "domains")
_SETTINGS = (
    "hostname",
    "maildir",
    "size",
    "certificate",
    "key",
    "log-format",
    "workers",
    "metrics",
)


class Options(usage.Options):
    """What can be said on the command line; a file says the rest."""

    synopsis = "[options]"
    longdesc = (
        "Receives mail by SMTP and stores it in a Maildir, durably, before it says so. "
        "Without these options: as gomail.toml of this folder says, or else /etc/gomail.toml; and "
        "where there is neither: port 2525, for this machine's name and localhost, into ./Maildir. "
        "For a domain of yours, as root: twistd --uid you --gid you "
        "gomail --port tcp:25 --domain example.org --maildir ~you/Maildir"
    )
    optFlags: ClassVar = [
        ["dialogue", None, "Write every line of every session to the log, live."],
        ["show-messages", None, "Write every stored message to the log: fields, MIME tree, text."],
    ]
    optParameters: ClassVar = [
        ["hostname", None, None, "The name that we go by [default: this machine's]."],
        ["maildir", None, None, "Where mail is stored [default: ./Maildir]."],
        ["size", None, None, 'The largest message, e.g. "50 MiB".'],
        [
            "certificate",
            None,
            None,
            "Its certificate for TLS, in PEM [default: a self-signed one].",
        ],
        ["key", None, None, "The key of the certificate, in PEM."],
        ["log-format", None, None, "text or json."],
        ["workers", None, None, 'How many processes serve: a number, or "auto" [default: 1].'],
        ["metrics", None, None, "Serve metrics there, e.g. tcp:9025:interface=127.0.0.1."],
        ["config", "c", None, "A TOML file with these settings and many more."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["ports"], self["domains"] = [], []
        self._words: Sequence[str] = ()

    def opt_port(self, endpoint: str) -> None:
        """Listen on this endpoint, e.g. tcp:25; may be given several times [default: tcp:2525]."""
        self["ports"].append(endpoint)

    opt_p = opt_port

    def opt_domain(self, domain: str) -> None:
        """Take mail for this domain, any local-part; may be given several times."""
        self["domains"].append(domain)

    def getSynopsis(self) -> str:
        """Say how to use it: ``gomail run`` takes the same options."""
        if Path(sys.argv[0]).name == "gomail":
            return "Usage: gomail run [options]"
        return super().getSynopsis()

    def opt_version(self) -> NoReturn:
        """Display the version of gomail and exit."""
        print(f"gomail {version('gomail')}")  # noqa: T201 -- it was asked for
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the options; one that can't be ends in one line, as everything that can't be."""
        self._words = tuple(options or ())
        try:
            super().parseOptions(options)
            pidfile = Twistd(self.parent or {}).pidfile
            if pidfile is not None:
                try_pidfile(pidfile)
        except usage.UsageError as error:
            what = str(error).rstrip(".")
            raise SystemExit(f"gomail: {what}; {self._remedy(what)}") from error
        except StartError as error:
            raise SystemExit(f"gomail: {error}") from error
        self._find_file()

    def parseArgs(self, *words: str) -> None:
        """Take no words but options."""
        take_no_words(words)

    def _find_file(self) -> None:
        """
        Find the file that counts: that of --config; where nothing is said here, the usual one.

        So a command line says all there is, or nothing, or names a file and what differs from it.
        A worker has all from its parent.
        """
        said = any(self[name] for name in (*_SEVERAL, *_SETTINGS))
        if not self["config"] and not said and VARIABLE not in os.environ:
            try:
                self["config"] = usual_file()
            except ConfigurationError as error:
                raise SystemExit(f"gomail: {error}") from error
            if self["config"]:  # for who comes after us, and may be started elsewhere
                self._words = ("--config", str(Path(self["config"]).absolute()), *self._words)
        if self["config"]:
            self["config"] = str(Path(self["config"]).absolute())  # twistd may change the directory

    def _remedy(self, what: str) -> str:
        """Say where an option belongs that was not recognized."""
        of_twistd = {f"--{name.rstrip('=')}" for name in getattr(self.parent, "longOpt", ())}
        for word in of_twistd.intersection(what.split()):
            return f"it is twistd's, and stands before gomail: twistd {word} ... gomail ..."
        return "--help lists the options"

    def file(self) -> bytes:
        """
        Read the file; without one it is empty.

        Raises:
            ConfigurationError: it can't be read.
        """
        path = self["config"]
        return config.read_octets(path) if path else b""

    def configuration(self, file: bytes | None = None) -> Configuration:
        """
        Read the file, if there is one, and put what was said here over it.

        Args:
            file: what stood in it when that was read before.

        Raises:
            ConfigurationError: one line that says what is wrong.
        """
        path, octets = self["config"], self.file() if file is None else file
        return config.with_options(
            config.parse_octets(octets, path) if path else Configuration(),
            ports=self["ports"],
            domains=self["domains"],
            hostname=self["hostname"],
            maildir=self["maildir"],
            size=self["size"],
            log_format=self["log-format"],
            certificate=self["certificate"],
            key=self["key"],
            workers=self["workers"],
            metrics=self["metrics"],
        )

    def wishes(self) -> Wishes:
        """Give all that was said."""
        return Wishes(
            self.parent or {},
            self._words,
            self["dialogue"],
            self["show-messages"],
            self.file,
            self.configuration,
        )


def makeService(options: Options) -> Application:
    """Make the server, or say in one line why there will be none."""
    from twisted.internet import reactor  # twistd has chosen one by now

    # Twisted goes by the wall clock: set back, no deadline would come, and set forward, all would.
    setattr(reactor, "seconds", time.monotonic)  # noqa: B010 -- to mypy it is a method
    ours = cast("Reactor", reactor)
    try:
        application = begin(ours, options.wishes())
    except (ConfigurationError, PortError, StartError) as error:
        raise SystemExit(f"gomail: {error}") from error
    ours.callWhenRunning(look_seldom)
    return application
