"""
What the receptions of a configuration share, and what makes the sessions of one of its listeners.

Whoever makes a server takes these two, and so does who only tries what one would do
(`gomail.rehearsal`).
"""

from collections.abc import Sequence

from gomail.config import Configuration, Listener
from gomail.delivery.committer import Committer
from gomail.delivery.places import Identity, Places
from gomail.delivery.room import Room
from gomail.events import Listener as Told
from gomail.events import Listeners
from gomail.preflight import one_maildir, ownership
from gomail.reception import Office, Receptions
from gomail.recipients.directory import Directory
from gomail.server.reactor import Reactor
from gomail.smtp.admission import Admission
from gomail.smtp.encryption import Creator
from gomail.smtp.factory import SMTPFactory


def furnish(  # noqa: PLR0913 -- furniture
    configuration: Configuration,
    directory: Directory,
    committer: Committer,
    reactor: Reactor,
    listeners: Listeners,
    *,
    root: Identity | None = None,
) -> Office:
    """
    Furnish what all receptions share; nobody is asked yet who sends a message.

    Args:
        configuration: what is set.
        directory: built of it.
        committer: touches the disk.
        reactor: the clock.
        listeners: who is told.
        root: device and inode of the folder of the Maildirs, where others have begun before.
    """
    owner, reserve = ownership(configuration), configuration.limits.disk_reserve
    only = one_maildir(configuration)
    folder = directory.root
    return Office(
        hostname=configuration.hostname,
        directory=directory,
        limits=configuration.limits,
        committer=committer,
        places=Places(committer, reactor, folder, owner, reserve, identity=root, only=only),
        room=Room(committer, reactor, folder, reserve),
        clock=reactor,
        ownership=owner,
        listeners=listeners,
    )


def make_factory(  # noqa: PLR0913 -- what a session has to do with
    listener: Listener,
    configuration: Configuration,
    office: Office,
    reactor: Reactor,
    *,
    admission: Admission,
    tls: Creator | None,
    dialogue: Sequence[Told] = (),
) -> SMTPFactory:
    """
    Make what makes the sessions of one listener; *tls* encrypts, unless that is off there.

    The other arguments are those of `SMTPFactory`.
    """
    refuse = listener.bare_newline == "refuse"
    return SMTPFactory(
        Receptions(office, refuse_bare_newlines=refuse),
        configuration.hostname,
        reactor,
        limits=configuration.limits,
        listeners=office.listeners,
        dialogue=dialogue,
        trusted=configuration.networks,
        trust_unix=configuration.trust_unix,
        admission=admission,
        local=listener.local,
        tls=None if listener.tls == "off" else tls,
        tls_required=listener.tls == "required",
    )
