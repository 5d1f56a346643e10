"""
How what twistd runs begins: as a server alone, as the parent of workers, or as one of these.

Whatever can go wrong is tried here, before twistd forks or drops its rights.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TextIO

from twisted.application.service import IService
from twisted.logger import Logger

from gomail import config
from gomail.application import Application, Served
from gomail.certificates.keeper import Keeper
from gomail.certificates.served import Read
from gomail.compose import Server
from gomail.config import Configuration, ConfigurationError
from gomail.control import Account, Answers, Origin, serve_alone, serve_parent
from gomail.events import HealthChanged, Measured, tell
from gomail.found import Found, announce_found, find
from gomail.metrics import count_batches, known_replies, page_alone, page_of_parent
from gomail.parent import Workers
from gomail.preflight import (
    as_far_as_files_go,
    build_directory,
    inherited_ports,
    try_certificates,
)
from gomail.server.judgement import judge
from gomail.server.notice import Notice
from gomail.server.reactor import Reactor
from gomail.server.start import StartError
from gomail.server.state import state_folder
from gomail.server.telling import Telling
from gomail.server.threads import leave_behind_what_hangs
from gomail.server.twistd import Twistd
from gomail.server.workers import words
from gomail.server.workers.inheritance import Inheritance, inherit
from gomail.server.workers.interim import over
from gomail.server.workers.legacy import Legacy, claim
from gomail.server.workers.overview import Overview
from gomail.server.workers.parent import Parent
from gomail.server.workers.share import Share
from gomail.server.workers.tried import Tried, read_tried, write_tried

_PARENTS = "the parent's settings"  # where a mistake in them would be said to be
_log = Logger()


@dataclass(frozen=True, slots=True)
class Wishes:
    """
    What was said on the command line.

    Attributes:
        twistd: the options of twistd.
        words: those of ours, as they were said.
        dialogue: whether every line of every session is logged.
        show_messages: whether every stored message is.
        file: reads the configuration's file.
        configuration: reads what stood in it.
    """

    twistd: Mapping[str, Any]
    words: Sequence[str]
    dialogue: bool
    show_messages: bool
    file: Callable[[], bytes]
    configuration: Callable[[bytes], Configuration]

    def read(self) -> Configuration:
        """Read the configuration as it is now."""
        return self.configuration(self.file())


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
    leave_behind_what_hangs(reactor)
    beginning = _Beginning(reactor, wishes, Twistd(wishes.twistd))
    inherited = inherit(os.environ)
    if inherited is not None:
        return beginning.worker(inherited)
    return beginning.first(claim(os.environ))


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The ways to begin."""

    reactor: Reactor
    wishes: Wishes
    twistd: Twistd

    def first(self, legacy: Legacy) -> Application:
        """Begin as what was started by somebody, or as the heir of a parent."""
        tried = None if legacy.trial else read_tried(os.environ)
        file = self.wishes.file() if tried is None else tried.configuration
        configuration = self.wishes.configuration(file)
        pairs = () if tried is None else tried.pairs
        found = find(configuration, self.reactor, self.twistd.identity, legacy, pairs)
        log, shown = self.twistd.open_log()
        if legacy.trial:
            write_tried(os.environ, Tried(file, found.pairs))
            raise SystemExit(0)
        self.reactor.callWhenRunning(self._run_as_heir, tried)
        found = found.settled(legacy.settle)
        for port in legacy.ports:  # whose listener is no more
            legacy.settle(port).close()
        if found.configuration.workers == 1:
            application = self.alone(found, log, shown)
        else:
            application = self.parent(found, log, shown, legacy)
        announce_found(found, self.twistd, shown)
        return application

    def _run_as_heir(self, tried: Tried | None) -> None:
        """Learn that we run; say so where what we go by is not what the file says by now."""
        over(os.environ)
        if tried is None:
            return
        try:
            same = self.wishes.file() == tried.configuration
        except ConfigurationError:
            same = False
        if not same:
            _log.warn(
                "handover: the configuration has changed since it was tried; what was tried is in"
                " force, and SIGHUP has the file read again"
            )

    def alone(self, found: Found, log: TextIO, shown: str) -> Application:
        """Begin as a server of its own."""
        telling = self._telling(found.configuration, log)
        account = self._account(found.configuration, telling)
        server = Server(
            self.reactor,
            as_far_as_files_go(found.configuration, len(found.configuration.milters)),
            found.directory,
            found.ports,
            found.certificates,
            listeners=(*telling.listeners, *account.listeners),
            dialogue=account.audience.lines,
            log=telling.look,
        )
        count_batches(account.tally, server)
        notice = Notice(self.reactor, lambda: server.sessions, server.watch)
        read, milters = self.wishes.read, len(found.configuration.milters)
        answers = self._answers(found, lambda: server.configuration, shown)
        control = serve_alone(answers, found.control, server, account)
        page = page_alone(self.reactor, found.metrics, server, account.tally)
        return self._application(
            telling, server, notice, lambda: as_far_as_files_go(read(), milters), (control, page)
        )

    def parent(self, found: Found, log: TextIO, shown: str, legacy: Legacy) -> Application:
        """Begin as the parent of workers."""
        telling = Telling(log, self.reactor, log_format=found.configuration.log_format)
        account = Account(found.configuration)
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
            again=["twistd", *self.twistd.again(shown), "gomail", *self.wishes.words],
            written=telling.fileno,
            leaving=legacy.leaving,
            pidfile=legacy.pidfile or (None if pidfile is None else str(pidfile)),
            beside=[port for port in (found.control, found.metrics) if port is not None],
        )
        self.reactor.addSystemEventTrigger("after", "shutdown", legacy.remove_pidfile)
        crew = workers.crew
        crew.pairs = found.pairs
        crew.wellbeing.own = lambda: judge(Measured(log=telling.look()))
        told = (*telling.listeners, *account.listeners)
        crew.wellbeing.tell_lasting(lambda health: tell(told, HealthChanged(health)))
        notice = Notice(self.reactor, lambda: crew.sessions, crew.wellbeing, serving=crew.ready)
        answers = self._answers(found, lambda: workers.configuration, shown)
        overview = Overview(
            self.reactor, crew, account.audience, known_replies(found.configuration)
        )
        control = serve_parent(answers, found.control, workers, account, overview)
        page = page_of_parent(self.reactor, found.metrics, workers, overview)
        return self._application(telling, workers, notice, self.wishes.read, (control, page))

    def worker(self, inherited: Inheritance) -> Application:
        """Begin as one of several workers; all was tried by the parent."""
        given = config.parse(inherited.settings, _PARENTS)
        milters = len(given.milters)
        configuration = as_far_as_files_go(given, milters)

        def read(settings: str) -> Configuration:
            return as_far_as_files_go(config.parse(settings, _PARENTS), milters)

        log, _ = self.twistd.open_log()
        telling = self._telling(configuration, log, inherited.number)
        account = self._account(configuration, telling)
        line = Parent(self.reactor)
        server = Server(
            self.reactor,
            configuration,
            build_directory(configuration, self.reactor),
            inherited_ports(configuration, inherited.sockets),
            try_certificates(configuration, before=inherited.pairs),
            listeners=(*telling.listeners, *account.listeners),
            dialogue=account.audience.lines,
            share=Share(line.shared_admission, inherited.root),
            log=telling.look,
        )
        notice = Notice(self.reactor, lambda: server.sessions, server.watch)
        application = self._application(telling, server, notice, None)
        account.worker(line, server)
        _tell_pairs(line, server.certificates, inherited.pairs)
        count_batches(account.tally, server)
        line.change = lambda text: application.change(partial(read, text))
        line.orphaned = application.stop
        application.addService(line)
        return application

    def _answers(
        self, found: Found, configuration: Callable[[], Configuration], log: str
    ) -> Answers:
        """Answer for what was found, and for the configuration that is in force by now."""
        state = state_folder(found.configuration.state, self.twistd.identity)
        origin = Origin(self.wishes.words, state, log)
        page = None if found.metrics is None else str(found.metrics)
        return Answers(self.reactor, configuration, origin, found.ports, found.checks, page)

    def _account(self, configuration: Configuration, telling: Telling) -> Account:
        """Count, and let others follow; the log has the lines of dialogues where that was said."""
        return Account(configuration, telling.listeners if self.wishes.dialogue else ())

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
        beside: Sequence[IService | None] = (),
    ) -> Application:
        """Have it run."""
        there = [each for each in beside if each is not None]
        return Application(
            self.reactor, self.twistd, telling, served, notice=notice, read=read, beside=there
        )

    def _options_of_a_worker(self) -> Sequence[str]:
        """Have workers run on the same kind of reactor, and log the same."""
        reactor = self.wishes.twistd.get("reactor")
        flags = {"--dialogue": self.wishes.dialogue, "--show-messages": self.wishes.show_messages}
        return [
            *([f"--reactor={reactor}"] if reactor else []),
            "gomail",
            *(flag for flag, wanted in flags.items() if wanted),
        ]


def _tell_pairs(line: Parent, keeper: Keeper | None, known: tuple[Read, ...]) -> None:
    """Have the parent know what to hand on to who follows us: a file may be broken by then."""
    if keeper is None:
        return
    keeper.changed = lambda served: line.say(words.PAIRS, served.read)

    def say() -> None:
        if keeper.served.read != known:
            keeper.changed(keeper.served)

    line.begun = say
