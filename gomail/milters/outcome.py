"""What milters make of a message."""

from typing import NamedTuple

from gomail.milters.changes import Change
from gomail.reply import Reply


class Refusal(NamedTuple):
    """
    A milter refuses, or one that has failed has it deferred.

    Attributes:
        reply: to the client.
        reason: which milter, and why, for our log.
    """

    reply: Reply
    reason: str


class Outcome(NamedTuple):
    """
    What becomes of a message.

    Attributes:
        refusal: it is not taken; None: it is.
        changes: of its header, for `gomail.milters.changes.amended`, in their order.
        quarantine: why it should be kept apart, which milter included; None: it should not.
    """

    refusal: Refusal | None = None
    changes: tuple[Change, ...] = ()
    quarantine: str | None = None
