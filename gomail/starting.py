"""
How what twistd runs begins: as a server alone, as the parent of workers, or as one of these.

Whatever can go wrong is tried here, before twistd forks or drops its rights.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TextIO

from gomail import config, program
from gomail.application import Application, Served
from gomail.compose import Server
from gomail.config import Configuration
from gomail.events import HealthChanged, tell
from gomail.examination import describe
from gomail.milters.place import read_place
from gomail.parent import Workers
from gomail.preflight import (
    as_far_as_files_go,
    build_directory,
    inherited_ports,
    notes_on_files,
    one_maildir,
    open_listeners,
    try_certificates,
    try_maildirs,
    try_program,
)
from gomail.recipients.directory import Directory
from gomail.server.encryption import Certificates, state_folder
from gomail.server.notice import Notice
from gomail.server.ports import Port, try_sharing
from gomail.server.reactor import Reactor
from gomail.server.start import Announcement, Identity, StartError
from gomail.server.telling import Telling
from gomail.server.twistd import Twistd, announce
from gomail.server.workers.inheritance import Inheritance, inherit
from gomail.server.workers.legacy import Legacy, claim
from gomail.server.workers.parent import Parent
from gomail.server.workers.share import Share
from gomail.settings.notes import notes_on_milters

_PARENTS = "the parent's settings"  # where a mistake in them would be said to be


@dataclass(frozen=True, slots=True)
class Wishes:
    """
    What was said on the command line.

    Attributes:
        twistd: the options of twistd.
        words: those of ours, as they were said.
        dialogue: whether every line of every session is logged.
        show_messages: whether every stored message is.
        read: gives the configuration.
    """

    twistd: Mapping[str, Any]
    words: Sequence[str]
    dialogue: bool
    show_messages: bool
    read: Callable[[], Configuration]


def begin(reactor: Reactor, wishes: Wishes) -> Application:
    """
    Make what is to run.

    Raises:
        ConfigurationError, PortError, StartError: one line each.
    """
    if wishes.twistd.get("chroot"):
        msg = (
            "--chroot: all is tried before it; systemd's RootDirectory= and containers are for that"
        )
        raise StartError(msg)
    beginning = _Beginning(reactor, wishes, Twistd(wishes.twistd))
    inherited = inherit(os.environ)
    if inherited is not None:
        return beginning.worker(inherited)
    legacy = claim(os.environ)
    with legacy.at_stake():
        return beginning.first(legacy)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was tried, made and opened for a configuration, and what people should know of it."""

    configuration: Configuration
    directory: Directory
    certificates: Certificates | None
    ports: Sequence[Port]
    notes: Sequence[str]
    checks: str


def _try(
    configuration: Configuration, reactor: Reactor, identity: Identity, legacy: Legacy
) -> _Found:
    """Find out what can go wrong, for who will run it."""
    if configuration.workers == 1 and (legacy.trial or legacy.leaving):
        msg = "workers: at least 2 were expected; for a server alone, stop this one and start it"
        raise StartError(msg)
    with identity.assumed():
        directory = build_directory(configuration, reactor)
    try_maildirs(configuration, directory.root, identity)
    certificates = try_certificates(configuration, identity)
    if configuration.workers > 1 and certificates is not None and certificates.doubt is not None:
        msg = f"workers read the certificate by themselves: {certificates.doubt.why}"
        raise StartError(msg)
    if configuration.workers > 1:
        try_program(identity)
    ports = open_listeners(configuration, reactor, identity, legacy.port)
    if configuration.workers > 1:
        try_sharing(ports)
    of_certificates = certificates.notes if certificates else ()
    notes = (
        *directory.notes,
        *of_certificates,
        *notes_on_milters(configuration.milters),
        *notes_on_files(configuration),
        *identity.warnings,
    )
    return _Found(configuration, directory, certificates, ports, notes, describe(configuration))


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The ways to begin."""

    reactor: Reactor
    wishes: Wishes
    twistd: Twistd

    def first(self, legacy: Legacy) -> Application:
        """Begin as what was started by somebody, or as the heir of a parent."""
        found = _try(self.wishes.read(), self.reactor, self.twistd.identity, legacy)
        if legacy.trial:
            raise SystemExit(0)
        for port in legacy.ports:  # whose listener is no more
            port.close()
        log, shown = self.twistd.open_log()
        if found.configuration.workers == 1:
            application = self.alone(found, log)
        else:
            application = self.parent(found, log, shown, legacy)
        _announce(found, self.twistd, shown)
        return application

    def alone(self, found: _Found, log: TextIO) -> Application:
        """Begin as a server of its own."""
        telling = self._telling(found.configuration, log)
        server = Server(
            self.reactor,
            as_far_as_files_go(found.configuration, len(found.configuration.milters)),
            found.directory,
            found.ports,
            found.certificates,
            listeners=telling.listeners,
            dialogue=self.wishes.dialogue,
        )
        notice = Notice(self.reactor, lambda: server.sessions, server.watch)
        read, milters = self.wishes.read, len(found.configuration.milters)
        return self._application(
            telling, server, notice, lambda: as_far_as_files_go(read(), milters)
        )

    def parent(self, found: _Found, log: TextIO, shown: str, legacy: Legacy) -> Application:
        """Begin as the parent of workers."""
        telling = Telling(log, self.reactor, log_format=found.configuration.log_format)
        state = state_folder(found.configuration.state, self.twistd.identity)
        pidfile = self.twistd.pidfile
        workers = Workers(
            self.reactor,
            found.configuration,
            found.directory.root,
            found.ports,
            log=telling.write,
            options=self._options_of_a_worker(),
            state=state,
            again=self._again(shown),
            leaving=legacy.leaving,
            pidfile=legacy.pidfile or (None if pidfile is None else str(pidfile)),
        )
        self.reactor.addSystemEventTrigger("after", "shutdown", legacy.remove_pidfile)
        crew = workers.crew
        crew.wellbeing.tell_missing(lambda health: tell(telling.listeners, HealthChanged(health)))
        notice = Notice(self.reactor, lambda: crew.sessions, crew.wellbeing, serving=crew.ready)
        return self._application(telling, workers, notice, self.wishes.read)

    def worker(self, inherited: Inheritance) -> Application:
        """Begin as one of several workers; all was tried by the parent."""
        given = config.parse(inherited.settings, _PARENTS)
        milters = len(given.milters)
        configuration = as_far_as_files_go(given, milters)

        def read(settings: str) -> Configuration:
            return as_far_as_files_go(config.parse(settings, _PARENTS), milters)

        log, _ = self.twistd.open_log()
        telling = self._telling(configuration, log, inherited.number)
        line = Parent(self.reactor)
        server = Server(
            self.reactor,
            configuration,
            build_directory(configuration, self.reactor),
            inherited_ports(configuration, inherited.sockets),
            try_certificates(configuration),
            listeners=telling.listeners,
            dialogue=self.wishes.dialogue,
            share=Share(line.shared_admission, inherited.root),
        )
        notice = Notice(self.reactor, lambda: server.sessions, server.watch)
        application = self._application(telling, server, notice, None)
        line.report = lambda: (server.sessions, server.watch.health.plain())
        line.change = lambda text: application.change(partial(read, text))
        line.orphaned = application.stop
        application.addService(line)
        return application

    def _telling(
        self, configuration: Configuration, log: TextIO, worker: int | None = None
    ) -> Telling:
        """Make what writes the log of a server."""
        return Telling(
            log,
            self.reactor,
            log_format=configuration.log_format,
            dialogue=self.wishes.dialogue,
            show_messages=self.wishes.show_messages,
            worker=worker,
        )

    def _application(
        self,
        telling: Telling,
        served: Served,
        notice: Notice,
        read: Callable[[], Configuration] | None,
    ) -> Application:
        """Have it run."""
        return Application(self.reactor, self.twistd, telling, served, notice=notice, read=read)

    def _again(self, log: str) -> list[str]:
        """Give the command of a parent in our place."""
        options = [*self.twistd.again(log), "gomail", *self.wishes.words]
        return program.command("gomail", "twistd", *options)

    def _options_of_a_worker(self) -> Sequence[str]:
        """Have workers run on the same kind of reactor, and log the same."""
        reactor = self.wishes.twistd.get("reactor")
        flags = {"--dialogue": self.wishes.dialogue, "--show-messages": self.wishes.show_messages}
        return [
            *([f"--reactor={reactor}"] if reactor else []),
            "gomail",
            *(flag for flag, wanted in flags.items() if wanted),
        ]


def _announce(found: _Found, twistd: Twistd, log: str) -> None:
    """Say what will run: people read this before anything is logged; programs read the log."""
    configuration = found.configuration
    announcement = Announcement(
        configuration.hostname,
        [str(port) for port in found.ports],
        list(configuration.domains),
        configuration.maildir,
        one_maildir(configuration),
        log,
        twistd.stop,
        found.notes,
        str(found.certificates or "nothing: tls is off"),
        configuration.workers,
        found.checks,
        ", then ".join(str(read_place(milter.endpoint)) for milter in configuration.milters),
    )
    announce(announcement, sys.stderr if configuration.log_format == "json" else sys.stdout)
