"""How much room the disk has, asked before a transaction begins."""

import math
import os
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from gomail.answers import Answer
from gomail.delivery.asking import Asking
from gomail.delivery.committer import Committer
from gomail.delivery.faults import refusal_of
from gomail.health import Disk
from gomail.reply import DISK_FULL, Refused

FRESH = 1.0  # seconds for which what the disk said is believed
RENEW = 0.5  # seconds of them that are left when it is asked again, behind the scenes
LEAST_INODES = 100  # files that stay free, where the file system counts them


class Room:
    """
    Knows the room on the file system of one folder.

    Args:
        committer: asks the disk.
        clock: the reactor.
        folder: the one that holds the Maildirs.
        reserve: octets that stay free.
    """

    __slots__ = (
        "_asking",
        "_clock",
        "_committer",
        "_error",
        "_fault",
        "_folder",
        "_free",
        "_reserve",
        "_seen",
        "_until",
    )

    def __init__(
        self, committer: Committer, clock: IReactorTime, folder: str, reserve: int
    ) -> None:
        self._committer = committer
        self._clock = clock
        self._folder = folder
        self._reserve = reserve
        self._free = 0
        self._seen = False  # whether the disk has ever said what is free …
        self._error = ""  # … and what it said instead, if that came last
        self._fault: Refused | None = None
        self._until = -math.inf
        self._asking: Asking[OSError | None] | None = None

    def find(self, size: int) -> Answer[None]:
        """
        See that there is room for *size* octets.

        Raises:
            Refused: 452 4.3.1; or what a delivery has just met that every other would meet.
        """
        left = self._until - self._clock.seconds()
        if left < 0:
            return self._find_later(size)
        self._judge(size)
        if left <= RENEW:
            self._measure()
        return None

    async def _find_later(self, size: int) -> None:
        """See the same once the disk has answered."""
        error = await self._measure().wait()
        if error is not None:
            raise refusal_of(error, self._folder) from error
        self._judge(size)

    def _measure(self) -> Asking[OSError | None]:
        """Ask the disk, off the reactor, unless that is under way."""
        if self._asking is None:
            free = self._committer.run(free_octets, self._folder)
            self._asking = Asking(free.addBoth(self._learn))
        return self._asking

    def _learn(self, free: int | Failure) -> OSError | None:
        """Remember what the disk said; a fault that came meanwhile has the last word."""
        self._asking = None
        if isinstance(free, Failure):
            free.trap(OSError)
            error = cast("OSError", free.value)
            self._error = f"{self._folder}: {error.strerror or error}"
            return error
        self._error = ""
        now = self._clock.seconds()
        if self._fault is None or self._until < now:
            self._free, self._fault, self._until = free, None, now + FRESH
            self._seen = True
        return None

    def look(self, largest: int) -> Disk:
        """
        Tell what is known, for a server whose largest message has that many octets.

        Called once a second; where no mail comes, the disk is asked at every other call.
        """
        if self._until + RENEW <= self._clock.seconds():
            self._measure()
        free = self._free if self._seen else None
        return Disk(free, self._reserve, self._reserve + largest, self._error, self._folder)

    def defer(self, fault: Refused) -> None:
        """Answer with *fault* for a moment: the system as a whole is in trouble, or has been."""
        self._until = self._clock.seconds() + FRESH
        self._fault = fault

    def _judge(self, size: int) -> None:
        """Compare *size* with what is known to be free."""
        if self._fault is not None:
            raise Refused(self._fault.reply, self._fault.reason)  # a traceback hangs on it
        wanted = max(1, size + self._reserve)
        if self._free < wanted:
            asked = f"{wanted} octets are wanted on the disk of {self._folder}"
            raise Refused(DISK_FULL, f"{asked}, {self._free} are free")


def free_octets(folder: str | int) -> int:
    """Give the octets that may be written; none where there are no inodes left to write them to."""
    status = os.statvfs(folder)
    if status.f_files and status.f_favail < LEAST_INODES:
        return 0
    return status.f_bavail * status.f_frsize
