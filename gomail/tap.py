"""
``twistd gomail``: its options, and the server that they start.

`makeService` runs before twistd forks or drops its rights. Whatever can go wrong is tried there,
and ends with one line and a non-zero exit, in the foreground and as a daemon alike.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM, SIGUSR1
from typing import ClassVar, NoReturn, cast

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.components import Componentized

from gomail import config
from gomail.compose import Server
from gomail.config import Configuration, ConfigurationError
from gomail.events import Trouble, tell
from gomail.preflight import (
    build_directory,
    one_maildir,
    open_listeners,
    try_certificates,
    try_maildirs,
)
from gomail.server.aside import aside
from gomail.server.listening import DRAIN_TIME
from gomail.server.notice import Notice
from gomail.server.ports import Port, PortError
from gomail.server.reactor import Reactor
from gomail.server.signals import Signals
from gomail.server.start import (
    Announcement,
    StartError,
    try_pidfile,
    within_descriptors,
)
from gomail.server.telling import Telling
from gomail.server.twistd import Twistd, announce

_log = Logger()


class Options(usage.Options):
    """What can be said on the command line; a file says the rest."""

    synopsis = "[options]"
    longdesc = (
        "Receives mail by SMTP and stores it in a Maildir, durably, before it says so. "
        "Without options: port 2525, for this machine's name and localhost, into ./Maildir. "
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
        ["config", "c", None, "A TOML file with these settings and many more."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["ports"], self["domains"] = [], []

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
        try:
            super().parseOptions(options)
            pidfile = Twistd(self.parent or {}).pidfile
            if pidfile is not None:
                try_pidfile(pidfile)
        except usage.UsageError as error:
            what = str(error).rstrip(".")
            raise SystemExit(f"gomail: {what}; --help lists the options") from error
        except StartError as error:
            raise SystemExit(f"gomail: {error}") from error
        if self["config"]:
            self["config"] = str(Path(self["config"]).absolute())  # twistd may change the directory

    def configuration(self) -> Configuration:
        """
        Read the file, if there is one, and put what was said here over it.

        Raises:
            ConfigurationError: one line that says what is wrong.
        """
        path = self["config"]
        return config.with_options(
            config.load(path) if path else Configuration(),
            ports=self["ports"],
            domains=self["domains"],
            hostname=self["hostname"],
            maildir=self["maildir"],
            size=self["size"],
            log_format=self["log-format"],
            certificate=self["certificate"],
            key=self["key"],
        )


def makeService(options: Options) -> "Application":
    """Make the server, or say in one line why there will be none."""
    from twisted.internet import reactor  # twistd has chosen one by now

    # Twisted goes by the wall clock: set back, no deadline would come, and set forward, all would.
    setattr(reactor, "seconds", time.monotonic)  # noqa: B010 -- to mypy it is a method
    try:
        return Application(cast("Reactor", reactor), options)
    except (ConfigurationError, PortError, StartError) as error:
        raise SystemExit(f"gomail: {error}") from error


class Application(MultiService):
    """
    A server with its log, as twistd runs it: tried first, announced, and configured anew on SIGHUP.

    Raises:
        ConfigurationError, PortError, StartError: one line each.
    """

    def __init__(self, reactor: Reactor, options: Options) -> None:
        super().__init__()
        self._reactor = reactor
        self._options = options
        self._twistd = twistd = Twistd(options.parent or {})
        self._reloading = DeferredLock()
        self._stopping = False
        configuration = options.configuration()
        with twistd.identity.assumed():
            directory = build_directory(configuration, reactor)
        try_maildirs(configuration, directory.root, twistd.identity)
        certificates = try_certificates(configuration, twistd.identity)
        ports = open_listeners(configuration, reactor, twistd.identity)
        configuration, capped = _within_descriptors(configuration)
        log, shown = twistd.open_log()
        self._telling = Telling(
            log,
            reactor,
            log_format=configuration.log_format,
            dialogue=options["dialogue"],
            show_messages=options["show-messages"],
        )
        self._server = Server(
            reactor,
            configuration,
            directory,
            ports,
            certificates,
            listeners=self._telling.listeners,
            dialogue=options["dialogue"],
        )
        self._notice = Notice(reactor, lambda: self._server.sessions, self._server.committer)
        self._add_services()
        of_certificates = certificates.notes if certificates else ()
        notes = (*directory.notes, *of_certificates, *capped, *twistd.identity.warnings)
        announcement = replace(
            _announcement(configuration, ports, shown, twistd.stop, notes),
            encryption=str(certificates or "nothing: tls is off"),
        )
        # People read this before anything is logged; programs read the log.
        announce(announcement, sys.stderr if configuration.log_format == "json" else sys.stdout)

    def _add_services(self) -> None:
        """Have all run, in this order: who tells that the server is ready comes last."""
        work = {SIGHUP: self.reload, SIGUSR1: self._telling.rotate}
        work |= {SIGTERM: self._stop, SIGINT: self._interrupt}
        for each in (self._telling, self._server, Signals(self._reactor, work), self._notice):
            self.addService(each)

    def setServiceParent(self, parent: Componentized | MultiService) -> None:
        """Join the application, and write its log."""
        super().setServiceParent(parent)
        if isinstance(parent, Componentized) and not self._twistd.syslog:
            self._telling.take_log(parent)

    def privilegedStartService(self) -> None:
        """Begin to listen; in the foreground, what goes wrong even now is told in one line."""
        try:
            super().privilegedStartService()
        except PortError as error:
            if not self._twistd.foreground:
                raise  # twistd tells it
            if self._twistd.pidfile is not None:
                self._twistd.pidfile.unlink()
            print(f"gomail: {error}", file=sys.__stderr__)  # sys.stderr is the log's by now
            raise SystemExit(1) from error

    def _stop(self) -> None:
        """
        Stop, once, with exit code 0: Twisted would exit with the signal's when all is well.

        Content that is under way has its time.
        """
        if self._stopping:
            return
        self._stopping = True
        if self._server.sessions:
            _log.info(
                "stopping: {count} sessions may end what is under way, in {seconds:.0f} s at most;"
                " Ctrl-C ends them now",
                count=self._server.sessions,
                seconds=DRAIN_TIME,
            )
        self._reactor.stop()

    def _interrupt(self) -> None:
        """Stop; whoever says so twice doesn't want to wait for content."""
        if self._stopping:
            self._server.abort()
        self._stop()

    def reload(self) -> Deferred[None]:
        """Read the configuration again: all of it is in force afterwards, or nothing changes."""
        return self._reloading.run(lambda: Deferred.fromCoroutine(self._reload()))

    async def _reload(self) -> None:
        """Do so, off the reactor: a large one takes its time."""
        self._notice.reloading()
        try:
            configuration, _ = _within_descriptors(
                await aside(self._reactor, self._options.configuration)
            )
            waiting = await self._server.change(configuration)
        except ConfigurationError as error:
            what = f"the configuration stays as it was: {error}"
            tell(self._telling.listeners, Trouble(what))
        except Exception:  # noqa: BLE001 -- it is logged, and the mail goes on
            _log.failure("the configuration stays as it was")
        else:
            but = f", but for what needs a restart: {', '.join(waiting)}" if waiting else ""
            _log.info("the configuration was read again and is in force{but}", but=but)
        self._notice.ready()


def _announcement(
    configuration: Configuration, ports: Sequence[Port], log: str, stop: str, notes: Sequence[str]
) -> Announcement:
    """Say what will run."""
    return Announcement(
        configuration.hostname,
        [str(port) for port in ports],
        list(configuration.domains),
        configuration.maildir,
        one_maildir(configuration),
        log,
        stop,
        notes,
    )


def _within_descriptors(configuration: Configuration) -> tuple[Configuration, list[str]]:
    """Hold no more than files may be open; give the notes that say so."""
    limits = within_descriptors(configuration.limits)
    if limits == configuration.limits:
        return configuration, []
    most = f"{limits.sessions} sessions and {limits.recipients} recipients of a message at most"
    note = f"{most}: this process may not open more files (RLIMIT_NOFILE)"
    return replace(configuration, limits=limits), [note]
