"""
Whether a client waits where it must: for our banner, and for the replies that all else depends on.

RFC 5321 §3.1 and RFC 2920 §3.1 say so. Who doesn't wait doesn't listen either: it is a program that
throws mail at us, or somebody who puts commands into another's connection.
"""

from collections.abc import Callable

from twisted.internet.interfaces import ITransport

from gomail.smtp import verbs
from gomail.smtp.early import octets_wait


class Order:
    """
    Watches over one session.

    Args:
        forgiven: whether the client may speak when it is not its turn: this machine's own programs
            may, and those in trusted networks.

    Attributes:
        greeted: whether our banner was due by now.
    """

    __slots__ = ("_early", "_forgiven", "greeted")

    def __init__(self, *, forgiven: bool) -> None:
        """Begin before our banner."""
        self._forgiven = forgiven
        self.greeted = False
        self._early = False

    def heard(self) -> None:
        """Note that octets came before our banner."""
        self._early = True

    def spoke_first(self, transport: ITransport) -> bool:
        """Tell whether the client speaks already, now that our banner is due."""
        self.greeted = True
        return not self._forgiven and (self._early or octets_wait(transport))

    def spoke_on(self, verb: verbs.Verb, rest: Callable[[], bytes]) -> bool:
        """
        Tell whether something came behind a command whose reply has to be awaited.

        Args:
            verb: of the command.
            rest: takes out what came behind it, which then is never answered.
        """
        if verb is verbs.STARTTLS:
            # Nobody is forgiven that: whoever sits on the line may have put it there, to be run
            # under TLS as if the client had said it there (RFC 3207 §5; CVE-2011-0411).
            return bool(rest())
        return verb.awaited and not self._forgiven and bool(rest())
