"""What all sessions of a server share, as one value."""

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from gomail.events import Listeners
from gomail.limits import Limits
from gomail.smtp.introduction import Introduction


@dataclass(frozen=True, slots=True)
class House:
    """
    The server as its sessions see it.

    Attributes:
        clock: the reactor, or a clock in tests.
        limits: the bounds of each session.
        introduction: the replies with our name.
        listeners: who is told.
        dialogue: whether each line is told, too.
        mend: whether CR CR LF counts as CRLF: for programs of this machine.
    """

    clock: IReactorTime
    limits: Limits
    introduction: Introduction
    listeners: Listeners = ()
    dialogue: bool = False
    mend: bool = False
