"""A check of somebody else's at our panel: whatever it does, a finding comes of it, and no harm."""

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from gomail.answers import is_later
from gomail.checks.own import Facts, ICheck, ILook, require_finding
from gomail.checks.work import begun
from gomail.finding import TEMPERROR, Finding

_LATE = "the check took too long"
_FAULT = "the check has failed"
_log = Logger()


class Guest:
    """
    One look at one message.

    Args:
        check: whose.
        facts: what it is given.
    """

    __slots__ = ("_failed", "_look", "_method", "_said")

    def __init__(self, check: ICheck, facts: Facts) -> None:
        self._method: str = check.method
        self._failed = False
        self._look: ILook | None = None
        self._said: Deferred[Finding] | None = None
        try:
            self._look = check.begin(facts)
        except Exception:  # noqa: BLE001 -- whatever it was
            self._fail()

    def header(self, block: bytes) -> None:
        """Show it the header."""
        self._show("header", block)

    def body(self, octets: bytes) -> None:
        """Show it a piece of the body."""
        self._show("body", octets)

    def _show(self, to: str, octets: bytes) -> None:
        if self._failed:
            return
        try:
            getattr(self._look, to)(octets)
        except Exception:  # noqa: BLE001 -- whatever it was
            self._fail()

    def _fail(self) -> None:
        """Show it nothing more."""
        self._failed = True
        _log.failure("the check {method} has failed", method=self._method)

    def finding(self) -> Deferred[Finding]:
        """Begin to ask for what it has found; it may be given up by ``cancel``."""
        if self._failed:
            return succeed(self._temperror(_FAULT))
        asking = begun(self._ask(), self._temperror, late=_LATE, fault=_FAULT)
        # One of its own, since a check may go on, whoever has cancelled it.
        said: Deferred[Finding] = Deferred(lambda _: asking.cancel())
        asking.addCallback(lambda finding: None if said.called else said.callback(finding))
        self._said = said.addErrback(lambda _: self._temperror(_LATE))
        return said

    async def _ask(self) -> Finding:
        said: object = self._look.finding()  # type: ignore[union-attr]  # it has not failed
        return require_finding(self._method, await _settled(said))

    def _temperror(self, reason: str) -> Finding:
        return Finding(self._method, TEMPERROR, (), reason)

    def close(self) -> None:
        """Have it let go of everything, and wait for it no more."""
        if self._said is not None:
            self._said.cancel()
        look, self._look = self._look, None
        self._failed = True
        if look is None:
            return
        try:
            look.close()
        except Exception:  # noqa: BLE001 -- whatever it was
            self._fail()


async def _settled(answer: Any) -> object:  # noqa: ANN401 -- whatever it is
    """Wait for an answer, if it is to be waited for."""
    return await answer if is_later(answer) else answer
