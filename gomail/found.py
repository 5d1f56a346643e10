"""What is tried, made and opened for a server before it begins, and what people are told of it."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gomail.certificates.served import Read
from gomail.config import Configuration
from gomail.examination import describe
from gomail.metrics import notes_on_metrics
from gomail.milters.place import read_place
from gomail.preflight import (
    build_directory,
    notes_on_files,
    one_maildir,
    open_listeners,
    try_certificates,
    try_maildirs,
    try_program,
)
from gomail.recipients.directory import Directory
from gomail.server.control.place import control_paths, open_control
from gomail.server.encryption import Certificates
from gomail.server.ports import Port, open_beside, try_sharing
from gomail.server.reactor import Reactor
from gomail.server.sockets import PortError
from gomail.server.start import Announcement, Identity, StartError
from gomail.server.state import state_folder
from gomail.server.twistd import Twistd, announce
from gomail.server.workers.legacy import Legacy
from gomail.settings.notes import notes_on_milters, see_library


@dataclass(frozen=True, slots=True)
class Found:
    """What was tried, made and opened for a configuration, and what people should know of it."""

    configuration: Configuration
    directory: Directory
    certificates: Certificates | None
    ports: Sequence[Port]
    notes: Sequence[str]
    checks: str
    control: Port | None
    metrics: Port | None

    @property
    def pairs(self) -> tuple[Read, ...]:
        """The certificates, with their keys, as they were read."""
        return () if self.certificates is None else self.certificates.served.read

    def settled(self, settle: Callable[[Port], Port]) -> "Found":
        """Give the same with all ports as *settle* has them."""
        control = None if self.control is None else settle(self.control)
        metrics = None if self.metrics is None else settle(self.metrics)
        return replace(self, ports=[*map(settle, self.ports)], control=control, metrics=metrics)


def find(
    configuration: Configuration,
    reactor: Reactor,
    identity: Identity,
    legacy: Legacy,
    pairs: Sequence[Read] = (),
) -> Found:
    """Find out what can go wrong, for who will run it; *pairs* of certificates were tried."""
    if configuration.workers == 1 and (legacy.trial or legacy.leaving):
        msg = "workers: at least 2 were expected; for a server alone, stop this one and start it"
        raise StartError(msg)
    see_library(configuration.metrics)
    with identity.assumed():
        directory = build_directory(configuration, reactor)
    try_maildirs(configuration, directory.root, identity)
    certificates = try_certificates(configuration, identity, pairs)
    if configuration.workers > 1 and certificates is not None and certificates.doubt is not None:
        msg = f"workers read the certificate by themselves: {certificates.doubt.why}"
        raise StartError(msg)
    if configuration.workers > 1:
        try_program(identity)
    ports = open_listeners(configuration, reactor, identity, legacy.port)
    if configuration.workers > 1:
        try_sharing(ports)
    metrics = _open_metrics(configuration, reactor, identity, legacy, ports)
    beside = [*ports, *([] if metrics is None else [metrics])]
    control, without = _open_control(configuration, reactor, identity, legacy, beside)
    of_certificates = certificates.notes if certificates else ()
    notes = (
        *directory.notes,
        *of_certificates,
        *notes_on_milters(configuration.milters),
        *notes_on_metrics(metrics),
        *notes_on_files(configuration),
        *identity.warnings,
        *([without] if without else []),
    )
    checks = describe(configuration)
    return Found(configuration, directory, certificates, ports, notes, checks, control, metrics)


def _open_metrics(
    configuration: Configuration,
    reactor: Reactor,
    identity: Identity,
    legacy: Legacy,
    ports: Sequence[Port],
) -> Port | None:
    """Bind the port of the page of metrics, if there is to be one; else give up what is bound."""
    if configuration.metrics.listen is None:
        return None
    try:
        return open_beside(
            configuration.metrics.listen, ports, reactor, identity.assumed, legacy.port
        )
    except PortError as error:
        for port in ports:
            port.close()
        raise PortError(f"metrics: {error}") from error


def _open_control(
    configuration: Configuration,
    reactor: Reactor,
    identity: Identity,
    legacy: Legacy,
    ports: Sequence[Port],
) -> tuple[Port | None, str]:
    """Bind the control socket; else give up what is bound already."""
    paths = control_paths(configuration.control, state_folder(configuration.state, identity))
    named = configuration.control is not None
    try:
        return open_control(paths, reactor, identity.assumed, legacy.port, named=named)
    except PortError:
        for port in ports:
            port.close()
        raise


def announce_found(found: Found, twistd: Twistd, log: str) -> None:
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
        (*found.notes, *twistd.notes(log)),
        str(found.certificates or "nothing: tls is off"),
        configuration.workers,
        found.checks,
        ", then ".join(str(read_place(milter.endpoint)) for milter in configuration.milters),
        "" if found.metrics is None else str(found.metrics),
        configuration.source or "options and defaults: no file was read",
    )
    announce(announcement, sys.stderr if configuration.log_format == "json" else sys.stdout)
