"""
Which Maildirs can take mail now.

That is asked before a recipient is accepted, so that one broken mailbox never holds up the mail of
the others.

What the disk said is believed for a second, and asked for again after half of it while mail comes,
so that mostly nobody waits for an answer. A mailbox in which a delivery failed is suspended: its
recipients are turned away with 4xx until a probe, at most once a minute, succeeds. Those that turn
mail away are known, and asked again where no mail comes for them, as the only Maildir always is.
"""

import contextlib
import errno
import os
import time
from dataclasses import dataclass
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from gomail.delivery.asking import Asking
from gomail.delivery.committer import Committer
from gomail.delivery.faults import is_alarming, is_of_system, refusal_of
from gomail.delivery.folder import folder_of, make, make_folder, make_folder_of
from gomail.delivery.maildir import PRIVATE, Maildir, Ownership
from gomail.delivery.refusals import Place, Refusals
from gomail.delivery.room import free_octets
from gomail.health import Mailboxes
from gomail.reply import MAILBOX_UNAVAILABLE, Refused

FRESH = 1.0  # seconds for which what the disk said is believed
RENEW = 0.5  # seconds of them that are left when it is asked again, behind the scenes
SUSPENDED = 60.0  # seconds until a mailbox in which a delivery failed is tried again
MOST_KNOWN = 10_000  # mailboxes that something is remembered of
QUIET = 2.0  # seconds until one is asked again though no mail comes for it
JUNK = "Junk"  # the folder for junk: what most mail programs call it (RFC 6154 §2 has the use)
Identity = tuple[int, int]  # of a folder: its device and its inode


@dataclass(frozen=True, slots=True)
class _Known:
    """What was said of a mailbox: the path to deliver to, or why not; believed until a time."""

    until: float
    path: str
    refused: Refused | None = None


class Places:
    """
    Knows which Maildirs can take mail, and makes them on first use.

    Args:
        committer: asks the disk.
        clock: the reactor.
        root: the folder above all Maildirs, or the only Maildir itself; it is never made here,
            since it may be the mount point of a disk that is missing.
        ownership: of what is made.
        reserve: octets that stay free on the disk of each.
        identity: device and inode of the root, where it may be another folder by now.
        only: whether the root is the only Maildir.
    """

    def __init__(  # noqa: PLR0913 -- the last ones have defaults
        self,
        committer: Committer,
        clock: IReactorTime,
        root: str,
        ownership: Ownership = PRIVATE,
        reserve: int = 0,
        *,
        identity: Identity | None = None,
        only: bool = False,
    ) -> None:
        self._reserve = reserve
        self._committer = committer
        self._clock = clock
        self._root = root
        self._identity = identity_of(root) if identity is None else identity
        self._ownership = ownership
        self._known: dict[Place, _Known] = {}
        self._asking: dict[Place, Asking[_Known]] = {}
        self._suspended: dict[str, _Known] = {}
        self._swept: set[str] = set()
        self._refusals = Refusals()
        self._only = (root, "", False) if only else None

    def known(self, maildir: str, folder: str = "") -> str | None:
        """
        Give the path to deliver to, or None where the disk has to be asked.

        Args:
            maildir: the mailbox's path.
            folder: the folder that a sub-address names.

        Raises:
            Refused: 4xx, the mailbox can't take mail now.
        """
        return self._remembered((maildir, folder, False))

    async def junk(self, maildir: str) -> str:
        """
        Give the path of a mailbox's junk folder, a Maildir++ folder that is made where it is not.

        Raises:
            Refused: as from `known`.
        """
        place = (maildir, JUNK, True)
        path = self._remembered(place)
        return _path(await self._look(place).wait()) if path is None else path

    def _remembered(self, place: Place) -> str | None:
        """Give what the disk has said of a place, as long as that is believed."""
        known = self._known.get(place)
        if known is None:
            return None
        now = self._clock.seconds()
        suspended = self._suspended.get(known.path)
        if suspended is not None and suspended.until >= now:
            known = suspended
        if known.until < now:
            return None
        path = _path(known)
        if known.until - now <= RENEW:
            self._look(place)
        return path

    def suspend(self, path: str, refused: Refused, *, own: bool = False) -> None:
        """Turn recipients of the Maildir at *path* away: a delivery failed, by its *own* fault."""
        self._suspended[path] = _Known(self._clock.seconds() + SUSPENDED, path, refused)
        if own:
            for place, known in self._known.items():
                if known.path == path:
                    self._refusals.note(place, refused.reason)

    def look(self) -> Mailboxes:
        """
        Tell which mailboxes turn mail away, each for a reason of its own.

        Called once a second. Where no mail comes that would tell, one of them is asked again.
        """
        for quiet in (self._only, self._refusals.oldest):
            if quiet is not None and self._is_due(quiet):
                self._look(quiet, unasked=True)
        return self._refusals.tell(self._only)

    def _is_due(self, place: Place) -> bool:
        """Tell whether nobody has asked about a place for a while, and it is not suspended."""
        known = self._known.get(place)
        if known is None:
            return True
        now = self._clock.seconds()
        suspended = self._suspended.get(known.path)
        return known.until - FRESH + QUIET <= now and (suspended is None or suspended.until < now)

    def forget(self) -> None:
        """Forget who turns mail away: other mailboxes are ours by now; mail finds out again."""
        self._refusals.forget()

    async def ask(self, maildir: str, folder: str = "") -> str:
        """
        Ask the disk for the path to deliver to, off the reactor, and remember what it says.

        That is the Maildir, or the Maildir++ folder in it that is called *folder*: looked up among
        those that exist, never joined to a path. Whoever asks meanwhile hears the same.

        Raises:
            Refused: as from `known`.
        """
        return _path(await self._look((maildir, folder, False)).wait())

    def _look(self, place: Place, *, unasked: bool = False) -> Asking[_Known]:
        """Have a look, *unasked* where no mail has come; unless one is under way."""
        asking = self._asking.get(place)
        if asking is None:
            looked = self._committer.run(self._see, *place)
            asking = self._asking[place] = Asking(
                looked.addBoth(self._learn, place, unasked=unasked)
            )
        return asking

    def _learn(self, seen: tuple[str, bool] | Failure, place: Place, *, unasked: bool) -> _Known:
        """Remember what the disk said."""
        del self._asking[place]
        now = self._clock.seconds()
        if isinstance(seen, Failure):
            known = self._fault(seen, place, now, unasked=unasked)
        else:
            path, probed = seen
            if path in self._suspended and not probed:  # a delivery has failed there meanwhile
                reason = f"{path}: a delivery has just failed there"
                return _Known(now, path, Refused(MAILBOX_UNAVAILABLE, reason))
            self._suspended.pop(path, None)
            self._refusals.drop(place)
            known = _Known(now + FRESH, path)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[place] = known
        return known

    def _fault(self, failure: Failure, place: Place, now: float, *, unasked: bool) -> _Known:
        """Give what a look that failed tells of a mailbox."""
        failure.trap(OSError)
        error = cast("OSError", failure.value)
        maildir = place[0]
        before = self._known.get(place)
        path = maildir if before is None else before.path
        until = now + (SUSPENDED if path in self._suspended else FRESH)
        if not (unasked and is_of_system(error)):  # no mail was kept from being stored
            self._committer.record.fail(error, path)
        refused = refusal_of(error, maildir)
        if is_alarming(error) or is_of_system(error):
            self._refusals.drop(place)
        else:
            self._refusals.note(place, refused.reason)
        return _Known(until, path, refused)

    def _see(self, maildir: str, folder: str, made: bool) -> tuple[str, bool]:  # noqa: FBT001 -- off the reactor
        """See whether mail can be stored, and tell whether that was tried in earnest; blocks."""
        try:
            path = folder_of(maildir, folder)
        except FileNotFoundError:
            self._make(maildir)
            path = maildir
        if made and path == maildir:
            path = make_folder_of(maildir, folder, self._ownership)
        opened = Maildir(path, self._ownership)
        try:
            opened.check()
            if free_octets(opened.new) < max(1, self._reserve):
                raise OSError(errno.ENOSPC, "less is free than the reserve")
            probed = path in self._suspended
            if probed:
                opened.probe()
            if path not in self._swept:
                self._swept.add(path)
                opened.sweep(time.time())
        finally:
            opened.close()
        return path, probed

    def _make(self, maildir: str) -> None:
        """
        Make the Maildir and the folders between it and the root.

        That must be the folder which was there at start: an empty one in its place is the mount
        point of a disk that is missing; what is stored there would be out of sight when it is back.
        """
        if _identity(os.stat(self._root)) != self._identity:
            what = "not the folder that it was at start; a restart takes it as it is"
            raise OSError(what)
        between = os.path.relpath(os.path.dirname(maildir), self._root)
        path = self._root
        for name in () if between in {os.curdir, os.pardir} else between.split(os.sep):
            path = os.path.join(path, name)
            make_folder(path, self._ownership)
        make(maildir, self._ownership)


def _path(known: _Known) -> str:
    """
    Give the path to deliver to.

    Raises:
        Refused: a new one each time, since a traceback hangs on it, and on that a session.
    """
    if known.refused is not None:
        raise Refused(known.refused.reply, known.refused.reason)
    return known.path


def identity_of(root: str) -> Identity | None:
    """Give what tells the root from another folder in its place; None where there is none."""
    with contextlib.suppress(OSError):
        return _identity(os.stat(root))
    return None


def _identity(status: os.stat_result) -> Identity:
    """Give what tells a folder from another one in its place."""
    return status.st_dev, status.st_ino
