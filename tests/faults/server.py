"""
A small server for the tests beside it: gomail on 127.0.0.1, with the mailboxes alice and bob.

Run as a script with the folder of the Maildirs, possibly the word for syncing whole file systems,
and possibly the name of a cheat: something that a server must not do, for a test to see that it
would be noticed. Says its port and its process id.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IReactorFromThreads

from gomail.delivery import committer, deposit
from gomail.delivery.committer import Committer
from gomail.delivery.deposit import Deposit, Folders
from gomail.delivery.maildir import Maildir, Staged
from gomail.delivery.places import Places
from gomail.delivery.room import Room
from gomail.delivery.syncfs import find_syncfs
from gomail.delivery.syncing import ByFiles, ByFileSystems, Outcomes
from gomail.limits import Limits
from gomail.reception import Office, Receptions
from gomail.recipients.domain import Domain
from gomail.recipients.register import build
from gomail.smtp.factory import SMTPFactory

FILESYSTEM = "filesystem"
HOST = "mx.here.example"
LIMITS = Limits(content_in_memory=8192, disk_reserve=0)


def nothing(*_: object, **__: object) -> None:
    """Leave out a step."""


def forget_the_folder() -> None:
    """Leave it to chance whether the names in ``new/`` survive a power cut."""
    Maildir.flush = nothing  # type: ignore[method-assign]


def forget_the_file() -> None:
    """Leave it to chance whether the octets of a message do."""
    Staged.flush = nothing  # type: ignore[method-assign]


def link_before_syncing() -> None:
    """Deliver a file, and see to its octets later."""
    flush, commit = Staged.flush, Staged.commit
    Staged.commit = nothing  # type: ignore[method-assign]

    def both(self: Staged) -> None:
        commit(self)
        flush(self)

    Staged.flush = both  # type: ignore[method-assign]


def reply_before_the_folder() -> None:
    """Say 250 first, and see to the folder then."""
    flush, tidy = deposit._flush_folders, deposit.tidy
    deposit._flush_folders = nothing

    def late(batch: Sequence[Deposit], folders: Folders) -> None:
        time.sleep(0.02)
        flush(batch, ByFileSystems(find_syncfs()) if FILESYSTEM in sys.argv else ByFiles())
        tidy(batch, folders)

    vars(committer)["tidy"] = late


def forget_the_files_together() -> None:
    """Have the whole file system synced for the folders alone."""
    ByFileSystems.files = none_fails  # type: ignore[assignment,method-assign]


def forget_the_folders_together() -> None:
    """Have the whole file system synced for the files alone."""
    ByFileSystems.folders = none_fails  # type: ignore[assignment,method-assign]


def link_before_syncing_together() -> None:
    """Deliver all files, and see to their octets later."""
    files, commit = ByFileSystems.files, Staged.commit
    Staged.commit = nothing  # type: ignore[method-assign]

    def both(self: ByFileSystems, batch: Sequence[Staged]) -> Outcomes:
        for staged in batch:
            commit(staged)
        return files(self, batch)

    ByFileSystems.files = both  # type: ignore[method-assign]


def none_fails(_: ByFileSystems, batch: Sequence[object]) -> Outcomes:
    """Say that all is durable."""
    return [None] * len(batch)


TOGETHER: dict[str, Callable[[], None]] = {
    "forget-the-files-together": forget_the_files_together,
    "forget-the-folders-together": forget_the_folders_together,
    "link-before-syncing-together": link_before_syncing_together,
    "reply-before-the-folder": reply_before_the_folder,
}
CHEATS: dict[str, Callable[[], None]] = {
    "forget-the-folder": forget_the_folder,
    "forget-the-file": forget_the_file,
    "link-before-syncing": link_before_syncing,
    "reply-before-the-folder": reply_before_the_folder,
}


def main(root: str, *cheats: str) -> None:
    """Serve until somebody ends the process."""
    from twisted.internet import reactor

    together = FILESYSTEM in cheats
    for cheat in set(cheats) - {FILESYSTEM}:
        (TOGETHER if together else CHEATS)[cheat]()
    syncing = ByFileSystems(find_syncfs()) if together else ByFiles()
    thread = Committer(cast("IReactorFromThreads", reactor), syncing)
    office = Office(
        hostname=HOST,
        directory=build({"here.example": Domain(("alice", "bob"))}, f"{root}/{{mailbox}}"),
        limits=LIMITS,
        committer=thread,
        places=Places(thread, reactor, root),
        room=Room(thread, reactor, root, LIMITS.disk_reserve),
        clock=reactor,
    )
    factory = SMTPFactory(Receptions(office), HOST, reactor, limits=LIMITS)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    address = cast("IPv4Address", port.getHost())
    print(address.port, os.getpid(), flush=True)  # noqa: T201 - the test reads it
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
