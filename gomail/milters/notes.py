"""What a milter wants done with one message, as far as it has said so."""

from gomail.milters.changes import Change
from gomail.milters.milter import Milter
from gomail.milters.packets import Nonsense
from gomail.milters.sayings import Unoffered

MOST_CHANGES = 256  # of one message's header
MOST_OCTETS = 1024 * 1024  # of them all


class Notes:
    """
    Changes and quarantine, within bounds.

    Args:
        milter: whose they are.

    Attributes:
        changes: in the order in which it asked for them.
        quarantine: why the message should be kept apart; None: it should not.
    """

    def __init__(self, milter: Milter) -> None:
        self.changes: list[Change] = []
        self.quarantine: str | None = None
        self._milter = milter
        self._passed_over: set[str] = set()  # what it asked for in vain, to be told once

    def add(self, saying: Unoffered | Change) -> None:
        """
        Note a change, or pass over what was not offered.

        Raises:
            Nonsense: there are too many changes.
        """
        if isinstance(saying, Unoffered):
            if saying.what not in self._passed_over:
                self._passed_over.add(saying.what)
                self._milter.tell(f"it asks for {saying.what}, which is not done")
            return
        self.changes.append(saying)
        octets = sum(len(change.name) + len(change.value) for change in self.changes)
        if len(self.changes) > MOST_CHANGES or octets > MOST_OCTETS:
            raise Nonsense("too many changes")

    def set_aside(self, reason: str) -> None:
        """Note that the message should be kept apart."""
        self.quarantine = f"milter {self._milter.settings.place}: {reason}"
