"""
The examiner: what the reception is told of who sent a message.

He has the panel find it out, has the policy decide, tells both, and writes the field that readers
see. Nothing that goes wrong with him loses a message: what he can't tell is not told.
"""

from collections.abc import Callable, Sequence

from twisted.logger import Logger

from gomail.address import Path
from gomail.checks.forged import forged
from gomail.checks.opinion import Opinion
from gomail.checks.panel import Panel
from gomail.checks.policy import Action, Policy, refusal
from gomail.checks.results import authentication_results
from gomail.envelope import Client, Envelope
from gomail.events import Checked, Listeners, tell
from gomail.message.examining import Verdict

ROOM = 1000  # octets: the usual length of the field, with two signatures, and some more
_NO_OPINION = Opinion((), "none")
_log = Logger()


class Examiner:
    """
    Begins examinations; a `gomail.message.examining.Examiner`.

    Trusted clients, and those without an address, are not examined: nobody knows whom they speak
    for. But what bears our name is taken out of all messages, as readers believe it.

    Args:
        panel: finds out.
        policy: decides.
        authserv_id: by which readers know what is ours (RFC 8601 §2.5).
        listeners: who is told.
    """

    def __init__(
        self, panel: Panel, policy: Policy, authserv_id: str, listeners: Listeners
    ) -> None:
        self.panel = panel
        self.policy = policy
        self.authserv_id = authserv_id
        self.listeners = listeners
        self._passer = _Passed(authserv_id)

    def begin(self, client: Client, reverse_path: Path) -> "_Examined | _Passed":
        """Begin with what *client* is going to send in the name of *reverse_path*."""
        if client.trusted or client.address is None:
            return self._passer
        return _Examined(self, client.address, client.helo, reverse_path)


class _Passed:
    """Looks at messages of clients that are not examined; one for all of them."""

    room = 0

    def __init__(self, authserv_id: str) -> None:
        self._authserv_id = authserv_id

    def header(self, block: bytes) -> Sequence[tuple[int, int]]:
        """Find what bears our name."""
        return _forged(block, self._authserv_id)

    def body(self, octets: bytes) -> None:
        """Take any body."""

    def verdict(self, envelope: Envelope) -> Verdict:
        """Take the message."""
        return Verdict()

    def close(self) -> None:
        """Nothing was begun."""


class _Examined:
    """
    Looks at one message.

    Args:
        examiner: to whom it belongs.
        ip: the client's address.
        helo: what it calls itself.
        reverse_path: whom it names as the sender.
    """

    room = ROOM

    def __init__(self, examiner: Examiner, ip: str, helo: str, reverse_path: Path) -> None:
        self._examiner = examiner
        self._examination = examiner.panel.begin(ip, helo, reverse_path)
        self._sound = True

    def header(self, block: bytes) -> Sequence[tuple[int, int]]:
        """Have the header looked at, and find what bears our name."""
        self._look(self._examination.header, block)
        return _forged(block, self._examiner.authserv_id)

    def body(self, octets: bytes) -> None:
        """Have a piece of the body looked at."""
        if self._sound:
            self._look(self._examination.body, octets)

    def _look(self, look: Callable[[bytes], None], octets: bytes) -> None:
        """Have a look; should we fail, nothing can be said of the message any more."""
        try:
            look(octets)
        except Exception:  # noqa: BLE001 -- whatever it was, the message is not to blame
            _log.failure("a check has failed")
            self._sound = False
            self.close()

    def close(self) -> None:
        """Look no further."""
        self._examination.close()

    async def verdict(self, envelope: Envelope) -> Verdict:
        """Judge the message; see `gomail.message.examining.Examination`."""
        opinion = await self._opinion() if self._sound else _NO_OPINION
        examiner = self._examiner
        try:
            decision = examiner.policy.decide(opinion)
            field = authentication_results(examiner.authserv_id, decision.told)
        except Exception:  # noqa: BLE001 -- whatever it was, the message is not to blame
            _log.failure("the policy has failed")
            return Verdict()
        shadows = tuple((action.value, rule) for action, rule in decision.shadows)
        action = decision.action.value
        told = Checked(envelope, opinion.findings, action, decision.rule, shadows)
        tell(examiner.listeners, told)
        refused = refusal(decision)
        if refused is not None:
            raise refused
        return Verdict(field, decision.action is Action.JUNK)

    async def _opinion(self) -> Opinion:
        """Hear what the panel thinks of it; should we fail, nothing."""
        try:
            return await self._examination.opinion()
        except Exception:  # noqa: BLE001 -- whatever it was, the message is not to blame
            _log.failure("a check has failed")
            return _NO_OPINION


def _forged(block: bytes, authserv_id: str) -> Sequence[tuple[int, int]]:
    """Find what bears our name; should we fail, all is kept as it came."""
    try:
        return forged(block, authserv_id)
    except Exception:  # noqa: BLE001 -- whatever it was, the message is not to blame
        _log.failure("forged results could not be looked for")
        return []
