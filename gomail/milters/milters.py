"""
Several milters in order, and what they make of a session's messages.

They hear of the envelope one after the other, and the first refusal counts. Content is shown to the
first while it comes, and so to all that are sure to see the same header; those behind a milter that
may change it see the message at its end, as it was changed.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred

from gomail.address import Path
from gomail.envelope import NO_PARAMETERS, Client, MailParameters
from gomail.milters.changes import Change, amended, fields_of, parted
from gomail.milters.commands import Sender
from gomail.milters.consultation import Consultation
from gomail.milters.feed import Feed
from gomail.milters.milter import Milter, MilterSettings
from gomail.milters.outcome import Outcome, Refusal
from gomail.reply import MILTER_DEFERS

# The dialogue answers 451 after 60 s for a command and 240 s for a message: milters that hang are
# given up before that, all of them together, so that what is set for their failure comes first.
COMMAND = 50.0  # seconds
MESSAGE = 200.0

Body = Callable[[], AsyncIterator[bytes]]
"""Gives the body of a message once more from its beginning, in pieces, with LF."""


T = TypeVar("T")
_ENDED: Refusal | None = Refusal(MILTER_DEFERS, "the session was left while milters were asked")


class Milters:
    """
    The milters of a server, in their order; one for all its sessions.

    Args:
        settings: of each milter.
        reactor: with time, and with TCP or unix sockets.
        hostname: ours, the macro ``j``.
        told: is told, for the log, what goes wrong with them.
    """

    def __init__(
        self,
        settings: Sequence[MilterSettings],
        reactor: Any,  # noqa: ANN401 -- zope has no type for several interfaces
        hostname: str,
        told: Callable[[str], None],
    ) -> None:
        self._milters = [Milter(each, reactor, told) for each in settings]
        self._seconds: Callable[[], float] = reactor.seconds
        self._hostname = hostname

    def session(self) -> "Session":
        """Begin with a session; nothing is connected to before its first MAIL."""
        consultations = [Consultation(milter, self._hostname) for milter in self._milters]
        return Session(consultations, self._seconds)


class Session:
    """
    The milters of one SMTP session: `mail`, `recipient`, `data`, `header`, `body`, `end`; again.

    What is awaited here is awaited before the next call, but for `header` and `body`, which are
    worked off in order: their answers tell when there is room for more. `abort` and `close` may
    come at any time.

    Args:
        consultations: a milter's part each, in order.
        seconds: the reactor's time.
    """

    def __init__(self, consultations: Sequence[Consultation], seconds: Callable[[], float]) -> None:
        self._consultations = consultations
        self._seconds = seconds
        self._feed = Feed()
        self._step: Deferred[Any] | None = None  # what is awaited just now
        self._block = b""
        self._gap = b""  # between text that stood above the empty line, and the body
        self._streamed: Sequence[Consultation] = ()
        self._left = MESSAGE  # seconds for which milters may be waited for, from DATA on

    async def mail(
        self,
        client: Client,
        reverse_path: Path,
        parameters: MailParameters = NO_PARAMETERS,
    ) -> Refusal | None:
        """
        Begin a message.

        Args:
            client: as it is known now; where that has changed, milters are connected to anew.
            reverse_path: of MAIL.
            parameters: of MAIL.

        Returns:
            None: it is welcome.
        """
        self._begin()
        sender = Sender(client, reverse_path, parameters)
        latest = self._seconds() + COMMAND
        return await self._run(self._ask(lambda each: each.mail(sender, latest)), _ENDED)

    async def recipient(self, forward_path: Path) -> Refusal | None:
        """Name a recipient; a refusal is for this one alone."""
        latest = self._seconds() + COMMAND
        work = self._ask(lambda each: each.recipient(forward_path, latest))
        return await self._run(work, _ENDED)

    async def data(self, queue_id: str) -> Refusal | None:
        """Tell that content follows, for a message of this id."""
        latest = self._seconds() + COMMAND
        return await self._run(self._ask(lambda each: each.data(queue_id, latest)), _ENDED)

    def header(self, block: bytes) -> Deferred[None] | None:
        """
        Show the header block, with LF, without the empty line that ends it.

        Returns:
            None, or what fires once all that was shown has gone to the milters.
        """
        self._block = block
        self._streamed = self._prefix()
        header, text = parted(block)
        shown = self._feed.put(self._show_header(self._streamed, header))
        if text:
            shown = self._feed.put(self._show_body(self._streamed, text))
            self._gap = b"\n"
        return shown

    def body(self, octets: bytes) -> Deferred[None] | None:
        """Show the next octets of the body, with LF, and answer as `header` does."""
        if not any(each.wants for each in self._streamed):
            return None
        octets, self._gap = self._gap + octets, b""
        return self._feed.put(self._show_body(self._streamed, octets))

    async def end(self, body: Body) -> Outcome:
        """
        Give what becomes of the message, which has come to its end.

        Args:
            body: all of it once more, for those who see it changed by others.
        """
        return await self._run(self._end(body), Outcome(_ENDED))

    async def _end(self, body: Body) -> Outcome:
        """Hear each milter."""
        await self._feed.done()
        latest = self._seconds() + self._left
        changes: tuple[Change, ...] = ()
        quarantine: str | None = None
        for each in self._consultations:
            if each.wants and each not in self._streamed:
                await self._replay(each, amended(self._block, changes), body, latest)
            outcome = await each.end(latest)
            if outcome.refusal is not None:
                self._forget()
                return Outcome(outcome.refusal)
            changes += outcome.changes
            quarantine = quarantine or outcome.quarantine
        return Outcome(None, changes, quarantine)

    def abort(self) -> None:
        """Forget the message that is under way: there will be none."""
        self._begin()

    def close(self) -> None:
        """Part from the milters: the session has ended."""
        self._begin()
        for each in self._consultations:
            each.close()

    def _begin(self) -> None:
        """Leave whatever is under way."""
        step, self._step = self._step, None
        if step is not None:
            step.cancel()
        self._forget()

    def _forget(self) -> None:
        """Let everybody forget the message before."""
        self._feed.stop()
        self._feed = Feed()
        self._block = self._gap = b""
        self._streamed = ()
        self._left = MESSAGE
        for each in self._consultations:
            each.abort()

    async def _run(self, work: Coroutine[Any, Any, T], otherwise: T) -> T:
        """Do what is awaited; where the session is left meanwhile, that is the answer."""
        step = self._step = Deferred.fromCoroutine(work)
        try:
            answer: T = await step
        except CancelledError:
            if self._step is step:  # whoever awaits us was cancelled
                raise
            return otherwise
        return answer

    async def _ask(
        self, question: Callable[[Consultation], Coroutine[Any, Any, Refusal | None]]
    ) -> Refusal | None:
        """Ask one after the other, until one refuses."""
        for each in self._consultations:
            refusal = await question(each)
            if refusal is not None:
                return refusal
        return None

    def _prefix(self) -> Sequence[Consultation]:
        """Give those who see the header as it comes: up to the first that may change it."""
        for at, each in enumerate(self._consultations, 1):
            if each.may_change:
                return self._consultations[:at]
        return self._consultations

    async def _show_header(self, to: Sequence[Consultation], header: bytes) -> None:
        began = self._seconds()
        fields = fields_of(header)
        for each in to:
            if each.wants:
                await each.header(fields, began + self._left)
        self._left -= self._seconds() - began

    async def _show_body(self, to: Sequence[Consultation], octets: bytes) -> None:
        began = self._seconds()
        converted = octets.replace(b"\n", b"\r\n")
        for each in to:
            if each.wants:
                await each.body(converted, began + self._left)
        self._left -= self._seconds() - began

    async def _replay(self, to: Consultation, block: bytes, body: Body, latest: float) -> None:
        """Show somebody the message as it is now."""
        header, gap = parted(block)
        await to.header(fields_of(header), latest)
        async for piece in _behind(gap, body()):
            if not to.wants:
                return
            await to.body(piece.replace(b"\n", b"\r\n"), latest)


async def _behind(text: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give text that stood above the empty line, that line, and the body."""
    async for piece in body:
        yield text + b"\n" + piece if text else piece
        text = b""
    if text:
        yield text
