"""What all sessions of a server share, as one value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from gomail.answers import Answer
from gomail.envelope import Client
from gomail.events import Listener, Listeners
from gomail.limits import Limits
from gomail.smtp.alarms import Alarms
from gomail.smtp.encryption import Creator
from gomail.smtp.introduction import Introduction


@dataclass(frozen=True, slots=True)
class House:
    """
    The server as its sessions see it.

    Attributes:
        clock: the reactor, or a clock in tests.
        alarms: set by that clock.
        limits: the bounds of each session.
        introduction: the replies with our name.
        listeners: who is told.
        dialogue: who is told each line, too; others may come and go while sessions are open.
        local: whether the slips of this machine's own programs are forgiven: CR CR LF counts as
            CRLF, and nobody has to wait for replies.
        tls: makes the encrypted end of a connection; None where TLS is not offered.
        tls_required: whether mail is taken under TLS alone.
        permit: asked about strangers before the banner; None where nobody else has a say.
    """

    clock: IReactorTime
    alarms: Alarms
    limits: Limits
    introduction: Introduction
    listeners: Listeners = ()
    dialogue: Sequence[Listener] = ()
    local: bool = False
    tls: Creator | None = None
    tls_required: bool = False
    permit: Callable[[Client], Answer[None]] | None = None
