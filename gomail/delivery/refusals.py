"""
Which mailboxes turn mail away, each for a reason of its own: rights, a quota, or it is gone.

What is the matter with the disk or the system is none of it: that is in the record of batches, and
in the room that is left.
"""

from collections.abc import Iterable

from gomail.health import Mailboxes

MOST = 1_000  # places that are remembered
SHOWN = 3  # of their reasons, that are told
Place = tuple[str, str, bool]  # a Maildir, a folder in it, and whether that is made


class Refusals:
    """
    Remembers who turns mail away, and why.

    Attributes:
        whole: whether all mailboxes are known that were ever asked: none was forgotten.
    """

    def __init__(self) -> None:
        self.whole = True
        self._reasons: dict[Place, str] = {}

    def note(self, place: Place, why: str) -> None:
        """Remember that a place turns mail away; the one that was asked last stands at the end."""
        if place[2]:  # junk goes to the inbox then
            return
        if self._reasons.pop(place, None) is not None or len(self._reasons) < MOST:
            self._reasons[place] = why

    def drop(self, place: Place) -> None:
        """Remember that a place takes mail, or has no reason of its own."""
        self._reasons.pop(place, None)

    def forget(self) -> None:
        """Forget all."""
        self._reasons.clear()

    @property
    def oldest(self) -> Place | None:
        """The place of which nobody has heard for longest, if there is any."""
        return next(iter(self._reasons), None)

    def tell(self, known: Iterable[Place]) -> Mailboxes:
        """Tell of them, as part of all places that are known."""
        if not self._reasons:
            return Mailboxes()
        refusing = {maildir for maildir, _, _ in self._reasons}
        inboxes = {maildir for maildir, folder, _ in self._reasons if not folder}
        whole = self.whole and all(
            place in self._reasons or place[0] in inboxes for place in known if not place[2]
        )
        reasons = tuple(dict.fromkeys(self._reasons.values()))[:SHOWN]
        return Mailboxes(len(refusing), reasons, whole)
