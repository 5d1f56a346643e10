"""
What is worth telling, as values; and how it is told.

Nothing in the dialogue, the reception or the delivery counts, prints or logs: it tells an event,
and the listeners (the log, later metrics and the control socket) make of it what they like. Octets
of the peer come raw in the events; whoever writes them somewhere escapes them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from twisted.logger import Logger

from gomail.envelope import Client, Envelope
from gomail.finding import Finding
from gomail.health import Databases, Disk, Health, Log, Mailboxes, Share, Storing
from gomail.reply import Reply

_log = Logger()


class SessionStarted(NamedTuple):
    """A client has connected."""

    client: Client


class Said(NamedTuple):
    """One line of a dialogue, told only where somebody follows it: *speaker* is ``C`` or ``S``."""

    client: Client
    speaker: str
    octets: bytes


class Refusal(NamedTuple):
    """
    A command, or content, was answered with 4xx or 5xx.

    Attributes:
        said: the command line as the peer sent it; empty where a message or the session was
            refused.
        reply: what the peer was told.
        reason: what the owner of the server should know beyond it; may be empty.
    """

    client: Client
    said: bytes
    reply: Reply
    reason: str = ""


class Copy(NamedTuple):
    """One stored copy of a message: the mailbox's name and the path of the file in its ``new/``."""

    mailbox: str
    path: str


class MessageStored(NamedTuple):
    """
    A message is durable in every mailbox that it was for.

    Attributes:
        size: octets of the content as it came, without our trace fields.
        seconds: from the final dot until it was durable.
        bare_newlines: how many LF of the content came without their CR.
    """

    envelope: Envelope
    copies: tuple[Copy, ...]
    size: int
    seconds: float
    bare_newlines: int = 0


class Checked(NamedTuple):
    """
    It was found out who sent a message, and decided what becomes of it.

    Attributes:
        findings: of all checks.
        action: ``none``, ``mark``, ``junk``, ``defer`` or ``refuse``.
        rule: the name of the rule that says so; empty where none does.
        shadows: action and name of each rule in the shadow that would have been stricter.
    """

    envelope: Envelope
    findings: tuple[Finding, ...]
    action: str
    rule: str
    shadows: tuple[tuple[str, str], ...] = ()


class Junked(NamedTuple):
    """A milter would have a message kept apart: its copies go to the junk folders, and *reason*."""

    envelope: Envelope
    reason: str


class ContentDropped(NamedTuple):
    """Content began and no message came of it: the client left, took too long, or was refused."""

    envelope: Envelope
    reason: str


class Trouble(NamedTuple):
    """A fault of ours or of the system: *what* failed, for whom, and what follows from it."""

    what: str


class LoadChanged(NamedTuple):
    """
    The server has become more or less busy, and has less or more patience.

    Attributes:
        load: ``normal``, ``busy`` or ``overload``.
        share: of all sessions that there may be, those that are open.
        lag: seconds by which the reactor is late.
    """

    load: str
    share: float
    lag: float


class CertificateChanged(NamedTuple):
    """
    Another certificate is in force, for the sessions to come.

    Attributes:
        names: the hosts that it is for.
        ends: until when it holds.
        serial: its serial number, in hexadecimal digits.
    """

    names: tuple[str, ...]
    ends: datetime
    serial: str


class LeftOut(NamedTuple):
    """
    More happened than the log has room for.

    Attributes:
        counts: how often what was left out, by the name that its lines have in JSON.
    """

    counts: tuple[tuple[str, int], ...]


class HealthChanged(NamedTuple):
    """The server fares better or worse than before, or for other reasons."""

    health: Health


class Measured(NamedTuple):
    """
    What was measured of the server: told every ten seconds, and when its health changes.

    Attributes:
        lag: seconds by which the reactor was late, at most, in the last ten.
        sessions: that are open.
        descriptors: files and sockets that are open; None as long as nobody knows.
        storing: how those fare who store, with the slowest batch of the last ten seconds.
        disk: its room.
        mailboxes: those that turn mail away.
        databases: those of mailboxes that can't be asked.
        log: how it fares, where there is one of its own.
    """

    lag: float = 0.0
    sessions: Share = Share(0, 1)
    descriptors: Share | None = None
    storing: Storing = Storing()
    disk: Disk = Disk()
    mailboxes: Mailboxes = Mailboxes()
    databases: Databases = Databases()
    log: Log = Log()


class SessionEnded(NamedTuple):
    """
    A session is over.

    Attributes:
        verbs: what was said, as ``ehlo=1 mail=1 rcpt=1/2 data=1 quit=1`` (accepted/all where they
            differ).
        seconds: from the connection to its end.
        octets: received from the client.
        reason: why, where it was not the client's QUIT; may be empty.
        claimed: how the client called itself before TLS, which counts for nothing behind it.
    """

    client: Client
    verbs: str
    seconds: float
    octets: int
    reason: str = ""
    claimed: str = ""


Event = (
    SessionStarted
    | Said
    | Refusal
    | Checked
    | MessageStored
    | ContentDropped
    | Junked
    | Trouble
    | LoadChanged
    | CertificateChanged
    | HealthChanged
    | LeftOut
    | Measured
    | SessionEnded
)
Listener = Callable[[Event], None]
Listeners = tuple[Listener, ...]


def tell(listeners: Sequence[Listener], event: Event) -> None:
    """Tell *event* to each listener; one that fails is logged and costs nobody a mail."""
    for listener in listeners:
        try:
            listener(event)
        except Exception:  # noqa: BLE001 -- whatever it was, the next one is told
            _log.failure("the listener {listener} failed", listener=listener)
