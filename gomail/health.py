"""
How a server fares, as values: what is measured of it, and what follows from that.

They are plain, so that they can be sent from one process to another: several that serve together
have one health (`together`). Who measures and who judges stands in delivery/ and server/.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple, Self


class State(IntEnum):
    """How well a server does its work: the higher, the worse."""

    OK = 0
    DEGRADED = 1  # it stores mail, and something will have to be done about it
    FAILING = 2  # it stores no mail, or not all that should be

    def __str__(self) -> str:
        """Give the word that people and programs read."""
        return self.name.lower()


class Reason(NamedTuple):
    """
    Why a server does not do as well as it should.

    Attributes:
        word: stable, for programs: ``disk-full``.
        state: what the server is for this reason alone.
        text: for people, with numbers.
    """

    word: str
    state: State
    text: str


class Health(NamedTuple):
    """How a server fares: without a reason, well."""

    reasons: tuple[Reason, ...] = ()

    @property
    def state(self) -> State:
        """The worst of its reasons."""
        return max((reason.state for reason in self.reasons), default=State.OK)

    @property
    def words(self) -> tuple[str, ...]:
        """What it is that holds, without the numbers."""
        return tuple(reason.word for reason in self.reasons)

    @property
    def marks(self) -> tuple[tuple[str, State], ...]:
        """What it is that holds, and how bad that is: it is news where this is another."""
        return tuple((reason.word, reason.state) for reason in self.reasons)

    def plain(self) -> list[tuple[str, int, str]]:
        """Give it as values of Python's own kinds, which can be sent to another process."""
        return [(word, int(state), text) for word, state, text in self.reasons]

    @classmethod
    def of(cls, plain: Iterable[tuple[str, int, str]]) -> Self:
        """Make it of what `plain` gives."""
        return cls(tuple(Reason(word, State(state), text) for word, state, text in plain))

    def __str__(self) -> str:
        """Write it in one line."""
        texts = "; ".join(reason.text for reason in self.reasons)
        return f"{self.state}: {texts}" if texts else str(self.state)


WELL = Health()


def together(healths: Iterable[Health]) -> Health:
    """Give the health of several as one: each reason once, as the worst of them has it."""
    found: dict[str, Reason] = {}
    for reason in (reason for health in healths for reason in health.reasons):
        if reason.word not in found or found[reason.word].state < reason.state:
            found[reason.word] = reason
    return Health(tuple(sorted(found.values(), key=lambda reason: -reason.state)))


class Mailboxes(NamedTuple):
    """
    The mailboxes that turn mail away, each for a reason of its own: rights, a quota, it is gone.

    Attributes:
        refusing: how many are known to.
        reasons: why, of the first few: path and error.
        whole: whether no mailbox takes mail: there is one Maildir, and it does not.
    """

    refusing: int = 0
    reasons: tuple[str, ...] = ()
    whole: bool = False


class Databases(NamedTuple):
    """
    The databases of mailboxes that can't be asked, so that nobody knows whose mail may be taken.

    Attributes:
        reasons: what each has said, with its path.
        whole: whether no domain has its mailboxes elsewhere.
    """

    reasons: tuple[str, ...] = ()
    whole: bool = False


class Share(NamedTuple):
    """How much of something is in use, and how much of it there may be."""

    used: int
    most: int


class Storing(NamedTuple):
    """
    How those fare who store.

    Attributes:
        alive: whether there is a thread for what is asked for, or none is needed.
        silence: seconds for which a batch of messages, or of questions, has been without an answer
            of the disk.
        latency: seconds that the slowest batch took to become durable, of those that have ended
            since the last time.
        fault: what the disk or the system said when something could not be stored; empty where
            that is long ago.
        stored: whether something was stored since.
        agent_missing: seconds for which there has been no delivery agent; 0 where none is wanted.
        agent_silence: seconds for which it has said nothing, though the disk answers others.
    """

    alive: bool = True
    silence: float = 0.0
    latency: float = 0.0
    fault: str = ""
    stored: bool = True
    agent_missing: float = 0.0
    agent_silence: float = 0.0


class Disk(NamedTuple):
    """
    The room on the disk of the Maildirs.

    Attributes:
        free: octets that may be written; None as long as nobody knows.
        reserve: octets of them below which no mail is taken.
        plenty: octets below which the largest message is not.
        fault: what was said instead.
        folder: where it is: the one of the Maildirs.
    """

    free: int | None = None
    reserve: int = 0
    plenty: int = 0
    fault: str = ""
    folder: str = ""


class Log(NamedTuple):
    """
    How the log fares.

    Attributes:
        stuck: why no new file could be begun, path and error; the old one goes on.
        lost: lines that could not be written, since some could be the last time.
        fault: what the system said of them.
    """

    stuck: str = ""
    lost: int = 0
    fault: str = ""
