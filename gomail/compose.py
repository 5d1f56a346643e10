"""
Where the parts are joined: a configuration becomes a server. Nothing else knows of all of them.

`mail_service` is for those who mount gomail in an application of their own; twistd's plugin and the
command line (`gomail.tap`) take the same way, with what `gomail.preflight` found and opened before.
"""

from collections.abc import Callable, Sequence
from functools import partial

from twisted.application.service import MultiService
from twisted.internet.threads import deferToThreadPool

from gomail.certificates.keeper import Keeper
from gomail.checks.own import ICheck
from gomail.config import Configuration, ConfigurationError
from gomail.config import Listener as ListenerSettings
from gomail.delivery.committer import Committer
from gomail.delivery.vigil import Vigil
from gomail.events import Listener, Listeners, LoadChanged, tell
from gomail.examination import find_checks, find_consulting, find_examiner
from gomail.furnishing import furnish, make_factory
from gomail.health import Log
from gomail.message.examining import Examiner
from gomail.preflight import (
    build_directory,
    find_agent,
    find_syncing,
    open_listeners,
    try_certificates,
    try_maildirs,
)
from gomail.reception import Office
from gomail.recipients.directory import Directory
from gomail.recipients.inquiry import Inquiry
from gomail.server.aside import aside, let_go
from gomail.server.encryption import Certificates
from gomail.server.listening import Door, Listening
from gomail.server.ports import Port
from gomail.server.proxy.factory import ProxiedFactory
from gomail.server.pulse import BEAT, Pulse
from gomail.server.reactor import Reactor
from gomail.server.start import StartError
from gomail.server.watch import Meters, Watch, count_descriptors
from gomail.server.workers.share import ALONE, Share
from gomail.settings.changes import without_restart
from gomail.smtp.admission import Admission
from gomail.smtp.factory import SMTPFactory
from gomail.smtp.load import Gauge, Load


class Server(MultiService):
    """
    A gomail that can be started, stopped, and given another configuration while it runs.

    Args:
        reactor: the one that runs.
        configuration: what it is.
        directory: built of it.
        ports: bound, one for each listener of the configuration.
        certificates: what to encrypt with, if anything.
        listeners: who is told of events.
        dialogue: who is told each line of a dialogue, a list that may change.
        share: what it has in common with others, where it is one of several workers.
        checks: of one's own, beside ours and those that are installed.
        log: tells how the log fares, if there is one of its own.

    Raises:
        StartError: mail can't be made durable as the configuration wants it, or not be checked.
    """

    def __init__(  # noqa: PLR0913 -- the parts of a server
        self,
        reactor: Reactor,
        configuration: Configuration,
        directory: Directory,
        ports: Sequence[Port],
        certificates: Certificates | None = None,
        *,
        listeners: Listeners = (),
        dialogue: Sequence[Listener] = (),
        share: Share = ALONE,
        checks: Sequence[ICheck] = (),
        log: Callable[[], Log] = Log,
    ) -> None:
        super().__init__()
        self.setName("gomail")
        self._reactor = reactor
        self._listeners = listeners
        self.configuration = configuration
        agent = find_agent(configuration, reactor)
        self.committer = committer = Committer(reactor, find_syncing(configuration), agent)
        self._checks = (*find_checks(configuration), *checks)
        self._office = furnish(
            configuration, directory, committer, reactor, listeners, root=share.root
        )
        self._office.examiner = find_examiner(configuration, reactor, listeners, self._checks)
        self._office.consulting = find_consulting(configuration, reactor, listeners)
        admission = share.admission(configuration.limits)
        admission.gauge.tell(partial(_tell_load, admission.gauge, listeners))
        vigil = Vigil(reactor, committer, agent)
        meters = _meters(self._office, admission, vigil, log)
        self.watch = Watch(meters, listeners, several=share is not ALONE)
        self.certificates = _keeper(certificates, reactor, listeners)
        if self.certificates is not None:
            self.addService(self.certificates)
        self.factories = self._make_factories(admission, dialogue)
        self.addService(Pulse(reactor, admission.gauge.measure_lag, self.watch.beat))
        self._listening = self._listen(ports)
        self.addService(self._listening)

    def _make_factories(
        self, admission: Admission, dialogue: Sequence[Listener]
    ) -> list[SMTPFactory]:
        """Make what makes the sessions of each listener."""
        return [
            make_factory(
                settings,
                self.configuration,
                self._office,
                self._reactor,
                admission=admission,
                tls=self.certificates,
                dialogue=dialogue,
            )
            for settings in self.configuration.listeners
        ]

    def _listen(self, ports: Sequence[Port]) -> Listening:
        """Have each factory behind its port."""
        doors = map(_door, self.configuration.listeners, self.factories)
        pairs = list(zip(ports, doors, strict=True))
        committer = self.committer
        return Listening(self._reactor, pairs, committer.stop, committer.abandon)

    def startService(self) -> None:
        """Have somebody store, as the user that we have become by now, and listen."""
        self._reactor.callWhenRunning(self.committer.start)
        super().startService()

    async def change(self, configuration: Configuration) -> list[str]:
        """
        Let another configuration be in force.

        Returns:
            The keys of what needs a restart, and stays as it was.

        Raises:
            ConfigurationError: a domain, mailbox or alias can't be, or checks can't be made, and
                nothing has changed.
        """
        configuration, waiting = without_restart(self.configuration, configuration)
        examiner = self._other_examiner(configuration)
        directory = await aside(self._reactor, build_directory, configuration, self._reactor)
        for factory in self.factories:
            factory.change(
                configuration.limits, configuration.networks, trust_unix=configuration.trust_unix
            )
        before: list[object] = [self._office.directory, self.configuration]
        self._office.directory = directory
        self._office.places.forget()
        self._office.limits = configuration.limits
        self._office.examiner = examiner
        if configuration.milters != self.configuration.milters:
            listeners = self._listeners
            self._office.consulting = find_consulting(configuration, self._reactor, listeners)
        self.configuration = configuration
        await let_go(self._reactor, before)
        if self.certificates is not None:
            tls = configuration.tls
            await self.certificates.change(tls.files, session_tickets=tls.session_tickets)
        return waiting

    def _other_examiner(self, configuration: Configuration) -> Examiner | None:
        """Make an examiner of another configuration, unless ours is the same and knows DNS."""
        old = self.configuration
        if (old.checks, old.policy) == (configuration.checks, configuration.policy):
            return self._office.examiner
        try:
            return find_examiner(configuration, self._reactor, self._listeners, self._checks)
        except StartError as error:
            raise ConfigurationError(str(error)) from None

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        return sum(factory.sessions for factory in self.factories)

    @property
    def connections(self) -> dict[str, int]:
        """How many connections were taken, by the endpoint."""
        return self._listening.connections

    async def retire(self) -> None:
        """Take no connections any more, and give sessions the time to end by themselves."""
        await self._listening.retire()

    def abort(self) -> None:
        """Drop all connections; messages past their final dot are still stored."""
        for factory in self.factories:
            factory.abort()


def _tell_load(gauge: Gauge, listeners: Listeners, load: Load) -> None:
    """Tell how busy the server has become."""
    tell(listeners, LoadChanged(load.name.lower(), gauge.share, gauge.lag))


def _door(settings: ListenerSettings, factory: SMTPFactory) -> Door:
    """Put what reads PROXY headers before a factory, where there are proxies."""
    if not settings.proxy:
        return factory
    return ProxiedFactory(factory, settings.proxy_networks, unix=settings.proxy_unix)


def _meters(office: Office, admission: Admission, vigil: Vigil, log: Callable[[], Log]) -> Meters:
    """Show the watch over the server where it can read how that fares."""
    inquiry = Inquiry(office.clock)
    return Meters(
        sessions=lambda: admission.sessions,
        storing=partial(vigil.look, BEAT),
        disk=lambda: office.room.look(office.limits.size),
        descriptors=partial(office.committer.run, count_descriptors),
        mailboxes=office.places.look,
        databases=lambda: inquiry.look(office.directory),
        log=log,
    )


def _keeper(
    certificates: Certificates | None, reactor: Reactor, listeners: Listeners
) -> Keeper | None:
    """Have somebody watch the certificates, where there are any."""
    if certificates is None:
        return None
    return Keeper(
        certificates.served,
        certificates.wanted,
        reactor,
        partial(deferToThreadPool, reactor, reactor.getThreadPool()),
        listeners=listeners,
        doubt=certificates.doubt,
    )


def mail_service(
    reactor: Reactor,
    configuration: Configuration,
    *,
    listeners: Listeners = (),
    dialogue: bool = False,
    checks: Sequence[ICheck] = (),
) -> Server:
    """
    Make a server to mount beside other services: its ports are bound, its Maildir is made.

    Raises:
        PortError: a port can't be had.
        ConfigurationError: a domain, mailbox or alias can't be.
        StartError: mail can't be stored where it should be, a certificate can't be used, mail can't
            be checked, or there are to be workers, which only a process of their own can have.
    """
    if configuration.workers > 1:
        msg = "workers: 1 was expected; only twistd gomail and gomail run have several"
        raise StartError(msg)
    directory = build_directory(configuration, reactor)
    try_maildirs(configuration, directory.root)
    certificates = try_certificates(configuration)
    ports = open_listeners(configuration, reactor)
    try:
        return Server(
            reactor,
            configuration,
            directory,
            ports,
            certificates,
            listeners=listeners,
            dialogue=listeners if dialogue else (),
            checks=checks,
        )
    except BaseException:
        for port in ports:
            port.close()
        raise
