"""
How long a peer may keep us waiting: one alarm a session, whatever the rule (RFC 5321 §4.5.3.2).

The rules are absolute: single octets of a command don't extend its time, and content has a least
rate beside the time between two packets. While we are the ones who keep the peer waiting, its
clocks stand still; those for its reading of our replies and for a close go on.
"""

from typing import Protocol

from gomail.limits import Limits
from gomail.reply import NO_TRANSACTION, TIMED_OUT, TOO_SLOW, Reply
from gomail.smtp.alarms import Alarms
from gomail.smtp.encryption import HANDSHAKE_TIME

CLOSE_TIME = 10  # seconds from our last word until the connection is aborted


class Patient(Protocol):
    """Whose patience it is."""

    def late(self, last_word: Reply | None) -> None:
        """
        Learn that a clock ran out.

        Args:
            last_word: the reply to end the session with; None when nothing can be said any more
                (the peer doesn't read, or doesn't close) and the connection must be aborted.
        """


class Patience:
    """
    The clocks of one session.

    Args:
        alarms: ring.
        limits: how long each may run.
        patient: is told of the first that runs out.
    """

    __slots__ = (
        "_alarms",
        "_closing",
        "_content",
        "_gap",
        "_handshake",
        "_limits",
        "_now",
        "_octets",
        "_over",
        "_paused",
        "_soonest",
        "_stalled",
        "_waiting",
        "_when",
        "patient",
    )

    def __init__(self, alarms: Alarms, limits: Limits, patient: Patient) -> None:
        """Start to wait for the first command, outside any transaction."""
        self._alarms = alarms
        self._now = alarms.clock.seconds
        self._limits = limits
        self.patient = patient
        self._soonest = min(limits.command_timeout, limits.transaction_gap)
        self._over = False  # the connection is gone
        now = self._now()
        self._waiting = now  # since when we wait for a command, or for more content
        self._gap: float | None = now  # since when there has been no transaction
        self._content: float | None = None  # since when content comes
        self._octets = 0  # of that content
        self._paused: float | None = None  # since when the peer waits for us
        self._stalled: float | None = None  # since when replies are unread
        self._handshake: float | None = None  # since when the TLS handshake is under way
        self._closing: float | None = None  # since when we want to be rid of the connection
        self._when: float | None = None  # for then the alarm is set
        self._wake_by(now + self._soonest)

    def change(self, limits: Limits) -> None:
        """Go by other *limits*, in what is waited for already, too."""
        self._limits = limits
        self._soonest = min(limits.command_timeout, limits.transaction_gap)
        if not self._over:
            self._wind()

    def command_answered(self, *, transaction: bool) -> None:
        """A reply has left; *transaction* tells whether one is open while the next is awaited."""
        self._waiting = now = self._now()
        self._content = self._handshake = None
        if transaction:
            self._gap = None
        elif self._gap is None:
            self._gap = now
        if self._when is not None and self._when > now + self._soonest:
            self._wake_by(now + self._soonest)

    def handshake_began(self) -> None:
        """The 220 to STARTTLS has left."""
        self._handshake = self._now()
        self._wind()

    def content_began(self, *, transaction: bool = True) -> None:
        """The 354 has left, or a chunk comes; *transaction* tells whether one is open."""
        self._waiting = self._content = now = self._now()
        if transaction:  # begun by a command that was answered with this one, perhaps
            self._gap = None
        self._octets = 0
        limits = self._limits
        # Chunks come by the thousand, and most find an alarm that is soon enough.
        self._wake_by(now + min(limits.data_timeout, limits.content_time, limits.data_rate_grace))

    def content_came(self, octets: int) -> None:
        """A packet of content came."""
        self._waiting = self._now()
        self._octets += octets

    def pause(self) -> None:
        """The peer waits for us from now on."""
        self._paused = self._now()

    def resume(self) -> None:
        """The peer has its turn: the time in between was ours, also for clocks begun in it."""
        if self._paused is None:
            return
        now = self._now()
        ours = now - self._paused
        self._paused = None
        self._waiting = min(now, self._waiting + ours)
        if self._content is not None:
            self._content = min(now, self._content + ours)
        if self._gap is not None:
            self._gap = min(now, self._gap + ours)
        if self._when is None:
            self._wind()

    def replies_unread(self, *, unread: bool) -> None:
        """Replies begin to wait for a peer that doesn't read, or the last of them has gone."""
        self._stalled = self._now() if unread else None
        self._wind()

    def close(self) -> None:
        """Our last word is out: whatever holds the connection now has `CLOSE_TIME` left."""
        self._closing = self._now()
        self._wake_by(self._closing + CLOSE_TIME)

    def stop(self) -> None:
        """The connection is gone."""
        self._over = True
        self._unwind()

    def _unwind(self) -> None:
        """Have no alarm."""
        if self._when is not None:
            self._alarms.cancel(self, self._when)
            self._when = None

    def _wake_by(self, when: float) -> None:
        """Have an alarm at *when*, or before: one that is too early finds nothing due."""
        if not self._over and (self._when is None or self._when > when):
            self._unwind()
            self._when = when
            self._alarms.set(self, when)

    def _due(self) -> tuple[float, Reply | None] | None:
        """Tell when the first of the running clocks runs out, and with which last word."""
        limits = self._limits
        if self._closing is not None:
            return self._closing + CLOSE_TIME, None
        dues: list[tuple[float, Reply | None]] = []
        if self._stalled is not None:
            dues.append((self._stalled + limits.unsent_timeout, None))
        if self._handshake is not None:
            dues.append((self._handshake + HANDSHAKE_TIME, None))
        elif self._paused is None and self._content is not None:
            dues.append((self._waiting + limits.data_timeout, TIMED_OUT))
            dues.append((self._content + limits.content_time, TOO_SLOW))
            slowest = max(limits.data_rate_grace, self._octets / limits.data_rate)
            dues.append((self._content + slowest, TOO_SLOW))
        elif self._paused is None:
            dues.append((self._waiting + limits.command_timeout, TIMED_OUT))
            if self._gap is not None:
                dues.append((self._gap + limits.transaction_gap, NO_TRANSACTION))
        return min(dues, key=lambda due: due[0], default=None)

    def _wind(self) -> None:
        """Set the alarm for what is due first; it is never set later than that."""
        self._unwind()
        due = self._due()
        if due is not None:
            self._wake_by(due[0])

    def ring(self) -> None:
        """See whether a clock has really run out: most are put forward while the alarm is set."""
        self._when = None
        due = self._due()
        if due is None:
            return
        when, last_word = due
        if when > self._now():
            self._wake_by(when)
        else:
            self.patient.late(last_word)
