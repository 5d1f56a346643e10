"""
Messages looked into: what a page shows, within the time that it has; all others in the end.

A message that is shown before it was looked into is told anew when it was. One that could not be
read is tried again when it shows that it has changed, and now and then, some of them at a time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from functools import partial

from gomail.inbox.census import Census
from gomail.inbox.errands import Errands
from gomail.inbox.filling import Filling, is_as_known, look_into
from gomail.inbox.following import COME, Following
from gomail.inbox.index import Index
from gomail.inbox.listed import Listed
from gomail.inbox.row import Row
from gomail.reading.batch import BATCH, Head
from gomail.reading.maildir import NoSuchMessage

#: Seconds after which some of the messages that could not be read are tried again.
AGAIN = 60.0

_READERS = 2  # children at once, for pages


class Completing:
    """Looks into the messages that *following* knows of."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self._errands = Errands(_READERS, "gomail-inbox-heads")
        self._filling = Filling(lambda: following.surviving(self._fill))
        self._owed: set[tuple[str, str]] = set()
        self._completed: deque[tuple[str, str]] = deque(maxlen=COME)
        self._again_at = time.monotonic() + AGAIN
        self._tried: dict[str, int] = {}
        #: The folder whose messages are looked into first.
        self.first = ""

    def close(self) -> None:
        """Look into no more."""
        self._errands.close()
        self._filling.close()

    def completed(
        self, folder: str, rows: Sequence[Row], patience: float | None = None
    ) -> list[Listed]:
        """
        Look into messages that were not, or have changed; leave out those that have gone.

        What takes more than so many seconds is given as it was known, and told by `taken` later.
        """
        with self._following.census.opened(folder) as opened:
            wanting = [row for row in rows if not is_as_known(opened, row)]
        if not wanting:
            return [row.listed for row in rows]
        if patience is None:
            self._look_into(folder, wanting)
        else:
            self._look_within(folder, wanting, patience)

        def read(_: Census, index: Index) -> list[Listed]:
            found = (index.row(folder, row.listed.key) for row in rows)
            return [row.listed for row in found if row is not None]

        return self._following.do(read)

    def _look_within(self, folder: str, rows: Sequence[Row], patience: float) -> None:
        """Look into messages in another thread; those that were not in time are owed."""
        keys = [(folder, row.listed.key) for row in rows]
        self._following.do(lambda *_: self._owed.update(keys))
        work = partial(self._following.surviving, partial(self._look_into, folder, rows))
        if self._errands.run(tuple(keys), work, patience):

            def forget(*_: object) -> None:
                self._owed.difference_update(keys)
                left = [each for each in self._completed if each not in keys]
                self._completed.clear()
                self._completed.extend(left)

            self._following.do(forget)

    def _look_into(self, folder: str, rows: Sequence[Row]) -> list[Head | None]:
        with self._following.census.opened(folder) as opened:
            heads = look_into(opened, rows)
        self._learn(folder, rows, heads)
        return heads

    def _learn(self, folder: str, rows: Sequence[Row], heads: Sequence[Head | None]) -> None:
        """Keep what was read in messages, and follow those that have gone meanwhile."""
        pairs = zip(rows, heads, strict=True)
        known = [(row.listed.key, head) for row, head in pairs if head is not None]

        def keep(census: Census, index: Index) -> None:
            index.learn(folder, known)
            told = {(folder, key) for key, head in known if head.readable} & self._owed
            if told:
                self._completed.extend(told)
                census.changes += 1  # pages that show them are old now
            self._owed.difference_update((folder, row.listed.key) for row in rows)

        self._following.do(keep)
        if len(known) < len(rows):
            self._following.follow(folder, surely=True)

    def taken(self, index: Index, again: list[tuple[str, str]]) -> dict[str, list[Row]]:
        """Give what was looked into since it was shown, as `Following.taken` does."""
        again += self._completed
        self._completed.clear()
        return index.rows(dict.fromkeys(again))

    def fill_if_wanted(self) -> None:
        """Have in a thread what is left looked into, and tried again what could not be read."""
        is_time = time.monotonic() >= self._again_at
        if is_time or not self._following.do(lambda _, index: index.knows_all()):
            self._filling.begin()

    def _fill(self) -> bool:
        """Look into some messages, the newest of a folder; tell whether there may be more."""
        try:
            folders = self._following.census.folders()
            folders.sort(key=lambda name: name != self.first)
            if any(self.look_into_some(folder) for folder in folders):
                return True
            if time.monotonic() >= self._again_at:
                for folder in folders:
                    self._try_again(folder)
                self._again_at = time.monotonic() + AGAIN
        except OSError:  # the Maildir has gone
            pass
        return False

    def look_into_some(self, folder: str, patience: float | None = None) -> bool:
        """Look into the newest messages of a folder that were not; tell whether there were any."""
        rows = self._following.do(lambda _, index: index.unknown(folder, BATCH))
        if not rows:
            return False
        if patience is None:
            return self._have_looked(folder, rows)
        work = partial(self._following.surviving, partial(self._have_looked, folder, rows))
        self._errands.run(folder, work, patience)
        return True

    def _have_looked(self, folder: str, rows: Sequence[Row]) -> bool:
        """Look into messages; tell whether any could be, or cost a child its life."""
        try:
            heads = self._look_into(folder, rows)
        except (OSError, NoSuchMessage):  # it can't be read, or has gone
            return False
        return any(head is not None for head in heads)

    def _try_again(self, folder: str) -> None:
        """Look into some messages that could not be read; into others the next time."""
        behind = self._tried.get(folder, 0)
        found = self._following.do(lambda _, index: index.unreadable(folder, behind, BATCH))
        self._tried[folder] = found[-1][0] if len(found) == BATCH else 0
        rows = [row for _, row in found]
        if not rows:
            return
        self._following.do(lambda *_: self._owed.update((folder, row.listed.key) for row in rows))
        self._have_looked(folder, rows)
