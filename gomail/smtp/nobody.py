"""
Whom the parts of a session refer to when it is over, instead of to each other.

A session that refers to itself would wait for Python's garbage collector, with all its memory.
"""

from gomail.reply import Reply


class Nobody:
    """Reads, speaks, sends and waits no more, and is no connection."""

    def stop_reading(self) -> None:
        """Read nothing anyway."""

    def read_on(self) -> None:
        """Read nothing all the same."""

    def busy(self) -> bool:
        """Have nothing more to say."""
        return False

    def unsent_changed(self) -> None:
        """Have nothing that could wait."""

    def late(self, last_word: Reply | None) -> None:
        """Wait for nobody."""

    def expect_content(self) -> None:
        """Expect none."""

    def encrypt(self) -> None:
        """Have nothing to encrypt."""

    def hang_up(self) -> bool:
        """Have hung up."""
        return True

    def abort(self) -> None:
        """Have nothing to drop."""

    def finish(self) -> None:
        """Be told again that all is over."""


NOBODY = Nobody()
