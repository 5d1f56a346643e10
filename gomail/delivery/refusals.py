"""
Which mailboxes turn mail away, each for a reason of its own: rights, a quota, or it is gone.

What is the matter with the disk or the system is none of it: that is in the record of batches, and
in the room that is left.
"""

from gomail.health import Mailboxes

MOST = 1_000  # places that are remembered
SHOWN = 3  # of their reasons, that are told
Place = tuple[str, str, bool]  # a Maildir, a folder in it, and whether that is made


class Refusals:
    """Remembers who turns mail away, and why."""

    def __init__(self) -> None:
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

    def tell(self, only: Place | None = None) -> Mailboxes:
        """
        Tell of them; *only* is the inbox of the only Maildir, where there are no others.

        Of several nobody knows whether all turn mail away: only mail finds that out, and none may
        come to a server that is not ready.
        """
        refusing = {maildir for maildir, _, _ in self._reasons}
        reasons = tuple(dict.fromkeys(self._reasons.values()))[:SHOWN]
        return Mailboxes(len(refusing), reasons, whole=only in self._reasons)
