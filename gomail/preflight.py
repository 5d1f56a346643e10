"""
What is tried, made and opened before a server starts, when what is wrong can be told in a line.

Whatever needs rights that are dropped later, or would fail once nobody looks any more, happens
here: mailboxes are read, Maildirs made and tried, certificates read, ports bound.
"""

import errno
import os
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from twisted.internet.threads import deferToThreadPool

from gomail import config
from gomail.certificates.served import Read
from gomail.certificates.wanted import Wanted
from gomail.config import Configuration
from gomail.delivery.folder import make, make_folder
from gomail.delivery.maildir import Maildir, Ownership
from gomail.delivery.process import DeliveryProcess
from gomail.delivery.program import command as agent_command
from gomail.delivery.syncfs import SyncfsMissing, find_syncfs
from gomail.delivery.syncing import ByFiles, ByFileSystems, Syncing
from gomail.program import can_start
from gomail.recipients.directory import Directory
from gomail.recipients.mailbox import Template
from gomail.server.encryption import Certificates, find_certificates
from gomail.server.ports import Port, open_ports
from gomail.server.reactor import Reactor
from gomail.server.start import MYSELF, Identity, StartError, group_id, within_descriptors
from gomail.server.state import state_folder


def build_directory(configuration: Configuration, reactor: Reactor) -> Directory:
    """
    Build the directory of a configuration; this reads files, and blocks.

    Raises:
        ConfigurationError: a domain, mailbox or alias can't be.
    """
    off_reactor = partial(deferToThreadPool, reactor, reactor.getThreadPool())
    root = Template(configuration.maildir).root
    # The owner may have put the Maildirs elsewhere by a link; below the root none is followed.
    maildir = os.path.realpath(root) + configuration.maildir[len(root) :]
    return config.directory(replace(configuration, maildir=maildir), off_reactor)


def ownership(configuration: Configuration) -> Ownership:
    """Tell who may read what is stored."""
    return Ownership(None if configuration.group is None else group_id(configuration.group))


def try_maildirs(configuration: Configuration, root: str, identity: Identity = MYSELF) -> None:
    """
    Make the only Maildir and try to store in it, or make the folder of all, as who will use it.

    The folder above must be there: it may be the mount point of a disk that is missing.

    Raises:
        StartError: that can't be done.
    """
    try:
        owner = ownership(configuration)
        with identity.assumed():
            if one_maildir(configuration):
                make(root, owner)
                with closing(Maildir(root, owner)) as maildir:
                    maildir.probe()
            else:
                make_folder(root, owner)
                if not os.access(root, os.W_OK | os.X_OK, effective_ids=True):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), root)
    except OSError as error:
        why = error.strerror or str(error)
        folder = Path(root).parent
        if not folder.is_dir():
            why = f"there is no folder {folder}"
        msg = f"the Maildir {root} can't be used by {identity}: {why}"
        raise StartError(msg) from error


def find_syncing(configuration: Configuration) -> Syncing:
    """
    Find what makes mail durable.

    Raises:
        StartError: this system can't do what is wanted.
    """
    if configuration.sync == "files":
        return ByFiles()
    try:
        return ByFileSystems(find_syncfs())
    except SyncfsMissing as error:
        msg = f'sync = "filesystem": {error}'
        raise StartError(msg) from error


def try_program(identity: Identity) -> None:
    """
    See that who will be the parent of workers can start them.

    Raises:
        StartError: Python can't be started by that user, or not again at all.
    """
    with identity.assumed():
        if not can_start() or not os.access(sys.executable, os.X_OK, effective_ids=True):
            msg = f"workers: {identity} can't start {sys.executable or 'Python'}"
            raise StartError(msg)


def find_agent(configuration: Configuration, reactor: Reactor) -> DeliveryProcess | None:
    """Find a delivery agent; None where none is wanted, or this is no Python that could be one."""
    if configuration.storing == "thread" or not can_start():
        return None
    command = agent_command(filesystem=configuration.sync == "filesystem")
    return DeliveryProcess(reactor, reactor, command)


def one_maildir(configuration: Configuration) -> bool:
    """Tell whether there is one Maildir, for everybody."""
    return "{" not in configuration.maildir


def try_certificates(
    configuration: Configuration, identity: Identity = MYSELF, before: Sequence[Read] = ()
) -> Certificates | None:
    """
    Find what to encrypt with, or make it, as who will use it; None where no listener encrypts.

    Args:
        configuration: which certificates it names.
        identity: who will use them.
        before: pairs that are in force; they stay so where those that are named can't be.

    Raises:
        StartError: a certificate or key that is named can't be used.
    """
    if all(listener.tls == "off" for listener in configuration.listeners):
        return None
    wanted = Wanted(
        configuration.hostname,
        state_folder(configuration.state, identity),
        configuration.tls.files,
        configuration.tls.session_tickets,
    )
    found = find_certificates(wanted, identity, before)
    return replace(found, doubt=None) if before else found  # whoever serves it looks, and says so


def open_listeners(
    configuration: Configuration,
    reactor: Reactor,
    identity: Identity = MYSELF,
    had: Callable[[str], Port | None] = lambda _: None,
) -> list[Port]:
    """
    Bind the ports of all listeners, for who will listen on them; *had* gives those that are bound.

    Raises:
        PortError: one can't be had.
    """
    places = (each.place for each in configuration.listeners)
    return open_ports(places, reactor, identity.assumed, had)


def inherited_ports(configuration: Configuration, sockets: Iterable[socket.socket]) -> list[Port]:
    """Give the ports of all listeners, whose sockets a parent has bound."""
    pairs = zip(configuration.listeners, sockets, strict=True)
    return [Port(each.place, bound, passed=True, shared=True) for each, bound in pairs]


def as_far_as_files_go(configuration: Configuration, milters: int) -> Configuration:
    """
    Have a server hold no more than files may be open in its process.

    Args:
        configuration: as it was read now.
        milters: that there were at the start, when files were shared out.
    """
    limits = within_descriptors(configuration.limits, milters)
    return replace(configuration, limits=limits)


def notes_on_files(configuration: Configuration) -> list[str]:
    """Say so, where that is less than was configured."""
    limits = within_descriptors(configuration.limits, len(configuration.milters))
    if limits == configuration.limits:
        return []
    most = f"{limits.sessions} sessions and {limits.recipients} recipients of a message at most"
    return [f"{most}: this process may not open more files (ulimit -n, or LimitNOFILE=)"]
