"""What is said can change the connection: the seam between conversation and protocol."""

from typing import Protocol


class Modes(Protocol):
    """What a reply can do to the connection."""

    def expect_content(self) -> None:
        """Take what comes for content, until the intake finds its end."""

    def encrypt(self) -> None:
        """Start TLS."""

    def hang_up(self) -> bool:
        """Close the connection behind what was sent; tell whether that is within this turn."""

    def abort(self) -> None:
        """Drop the connection."""

    def finish(self) -> None:
        """See that everything is over: the connection, and the delivery of the last message."""
