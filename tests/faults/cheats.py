"""
What a server must not do: cheats, for tests to see that they would be noticed.

They change how this process stores; a server that has a delivery agent must have that one cheat.
"""

import sys
import time
from collections.abc import Callable, Sequence

from gomail.delivery import agent, committer, deposit
from gomail.delivery.deposit import Deposit, Folders
from gomail.delivery.maildir import Maildir, Staged
from gomail.delivery.syncfs import find_syncfs
from gomail.delivery.syncing import ByFiles, ByFileSystems, Outcomes

FILESYSTEM = "filesystem"


def nothing(*_: object, **__: object) -> None:
    """Leave out a step."""


def put(owner: type, name: str, method: Callable[..., object]) -> None:
    """Have all objects of a class do something else."""
    setattr(owner, name, method)


def forget_the_folder() -> None:
    """Leave it to chance whether the names in ``new/`` survive a power cut."""
    put(Maildir, "flush", nothing)


def forget_the_file() -> None:
    """Leave it to chance whether the octets of a message do."""
    put(Staged, "flush", nothing)


def link_before_syncing() -> None:
    """Deliver a file, and see to its octets later."""
    flush, commit = Staged.flush, Staged.commit
    put(Staged, "commit", nothing)

    def both(self: Staged) -> None:
        commit(self)
        flush(self)

    put(Staged, "flush", both)


def reply_before_the_folder() -> None:
    """Say 250 first, and see to the folder then."""
    flush, tidy = deposit._flush_folders, deposit.tidy
    deposit._flush_folders = nothing

    def late(batch: Sequence[Deposit], folders: Folders) -> None:
        time.sleep(0.02)
        flush(batch, ByFileSystems(find_syncfs()) if FILESYSTEM in sys.argv else ByFiles())
        tidy(batch, folders)

    vars(committer)["tidy"] = vars(agent)["tidy"] = late


def forget_the_files_together() -> None:
    """Have the whole file system synced for the folders alone."""
    put(ByFileSystems, "files", none_fails)


def forget_the_folders_together() -> None:
    """Have the whole file system synced for the files alone."""
    put(ByFileSystems, "folders", none_fails)


def link_before_syncing_together() -> None:
    """Deliver all files, and see to their octets later."""
    files, commit = ByFileSystems.files, Staged.commit
    put(Staged, "commit", nothing)

    def both(self: ByFileSystems, batch: Sequence[Staged]) -> Outcomes:
        for staged in batch:
            commit(staged)
        return files(self, batch)

    put(ByFileSystems, "files", both)


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


def cheat(*names: str) -> None:
    """Do what the names of cheats say; where whole file systems are synced, they are others."""
    for name in names:
        if name in CHEATS | TOGETHER:
            (TOGETHER if FILESYSTEM in names else CHEATS)[name]()
