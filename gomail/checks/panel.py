"""
The panel: has found out, for each message, who sent it, while the message still comes.

iprev and SPF begin with the first recipient, keys are asked for where the header ends, the body is
hashed in the pieces in which it comes, and DMARC judges in the end. Nothing of it is waited for
before that, and then not for ever: what is not known by then is temperror, and no mail is lost.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from gomail.address import Path
from gomail.checks.authors import Authors, authors
from gomail.checks.dmarc.evaluation import Evaluation, evaluate
from gomail.checks.guest import Guest
from gomail.checks.header import Header
from gomail.checks.iprev import check_iprev
from gomail.checks.opinion import Opinion
from gomail.checks.own import Facts, ICheck, require_checks
from gomail.checks.records import Outcome, Records, Resolver
from gomail.checks.signatures import Signatures
from gomail.checks.spf import SPF
from gomail.checks.work import begun
from gomail.finding import FAIL, NONE, PASS, TEMPERROR, Finding

WAIT = 10.0  # seconds behind the end of a message for what DNS has not told yet
VERIFY_WAIT = (
    5.0  # for a thread that verifies signatures, which takes milliseconds; all may be busy
)
DMARC_WAIT = 5.0  # and for the author's policy, which is asked for last where it is not known
_VOUCHED = "it has passed where the message came from, say trusted ARC sealers"
_UNVERIFIED = "nobody could verify the signatures in time"
_FAILED = Records(Outcome.FAILED)

T = TypeVar("T")


class Aside(Protocol):
    """Runs a function that takes a moment, off the reactor."""

    def __call__(self, work: Callable[..., T], *arguments: Any) -> Awaitable[T]:  # noqa: ANN401 -- its own
        """Run it."""


class Panel:
    """
    Begins examinations; one panel for all sessions of a server.

    Args:
        resolver_of: gives what asks DNS on behalf of the client at an address.
        clock: the reactor.
        receiver: our host name.
        aside: runs what takes a moment.
        now: tells the time, in seconds since the epoch.
        sealers: domains of those whose word counts for messages that they have passed on (ARC).
        own: checks of one's own, whose findings are told behind ours.

    Raises:
        ValueError: something among *own* can't be a check.
    """

    def __init__(  # noqa: PLR0913 -- whom it works with
        self,
        resolver_of: Callable[[str], Resolver],
        clock: IReactorTime,
        receiver: str,
        aside: Aside,
        now: Callable[[], float],
        *,
        sealers: Collection[str] = (),
        own: Sequence[ICheck] = (),
    ) -> None:
        require_checks(tuple(own))
        self.own = tuple(own)
        self.resolver_of = resolver_of
        self.clock = clock
        self.aside = aside
        self.now = now
        self.sealers = sealers
        self.receiver = receiver

    def begin(self, ip: str, helo: str, reverse_path: Path) -> "Examination":
        """Begin to examine what a client at *ip* sends in the name of *reverse_path*."""
        return Examination(self, ip, helo, reverse_path)


class Examination:
    """
    What is found out of one message.

    Args:
        panel: to which it belongs.
        ip: the client's address.
        helo: what it calls itself.
        reverse_path: whom it names as the sender.
    """

    __slots__ = (
        "_asked",
        "_author",
        "_guests",
        "_keys",
        "_panel",
        "_resolver",
        "_sender",
        "_signatures",
    )

    def __init__(self, panel: Panel, ip: str, helo: str, reverse_path: Path) -> None:
        self._panel = panel
        self._resolver = resolver = panel.resolver_of(ip)
        spf = SPF(resolver, panel.clock, panel.receiver)
        self._sender = (
            _finding("iprev", check_iprev(ip, resolver)),
            _finding("spf", spf.helo(ip, helo)),
            _finding("spf", spf.mail(ip, helo, reverse_path)),
        )
        self._author = Authors((), "no header")
        self._signatures: Signatures | None = None
        self._keys: dict[str, Deferred[Records]] = {}
        self._asked: list[Deferred[Records]] = []  # all questions but those of the sender's checks
        facts = Facts(ip, helo, reverse_path, self._ask)
        self._guests = [Guest(check, facts) for check in panel.own]

    def header(self, block: bytes) -> None:
        """Take the header block, with LF, and ask for the keys and the policy that it names."""
        header = Header(block)
        self._author = authors(header)
        self._signatures = Signatures(header, self._panel.now())
        self._keys = {name: self._ask(name, "TXT") for name in self._signatures.key_names}
        for name in self._author.domains[:1]:
            self._ask(f"_dmarc.{name}", "TXT")  # the resolver knows it when it is needed
        for guest in self._guests:
            guest.header(block)

    def _ask(self, name: str, kind: str) -> Deferred[Records]:
        """Ask for records, now; what ends with the message is FAILED."""
        answer = begun(_answer(self._resolver, name, kind), lambda _: _FAILED)
        if not answer.called:
            self._asked.append(answer)
        return answer

    def body(self, octets: bytes) -> None:
        """Take the next octets of the body, with LF: what follows the empty line."""
        if self._signatures is not None:
            self._signatures.take(octets)
        for guest in self._guests:
            guest.body(octets)

    def close(self) -> None:
        """Ask no further: there will be no message."""
        for finding in self._sender:
            finding.cancel()
        self._let_go()

    def _let_go(self) -> None:
        """Have others let go, and wait for no answer any more."""
        for guest in self._guests:
            guest.close()
        for answer in self._asked:
            answer.cancel()

    async def opinion(self) -> Opinion:
        """Give what is thought of the message, which has come to its end."""
        try:
            return await self._opinion()
        finally:
            self._let_go()

    async def _opinion(self) -> Opinion:
        """Wait for everything, but not for ever."""
        until = self._panel.clock.seconds() + WAIT
        own = [guest.finding() for guest in self._guests]
        sender = [await self._in_time(each, until) for each in self._sender]
        keys = {name: await self._in_time(each, until) for name, each in self._keys.items()}
        signed = await self._judge(keys)
        dkim = [finding for finding in signed if finding.method == "dkim"]
        author = self._author
        work = evaluate(author.domains, sender[1:], dkim, self._resolver, why_none=author.reason)
        evaluating = begun(work, lambda reason: Evaluation(Finding("dmarc", TEMPERROR, (), reason)))
        theirs = [await self._in_time(each, until) for each in own]
        until = self._panel.clock.seconds() + DMARC_WAIT
        evaluation = await self._in_time(evaluating, until)
        if evaluation.finding.result == FAIL and self._are_vouched_for(signed):
            overruled = evaluation.finding._replace(reason=_VOUCHED)
            evaluation = Evaluation(overruled, NONE)
        return Opinion((*sender, *signed, evaluation.finding, *theirs), evaluation.asked)

    def _are_vouched_for(self, signed: Sequence[Finding]) -> bool:
        """Tell whether trusted sealers say that DMARC passed when the message came to them."""
        passed = any(finding.method == "arc" and finding.result == PASS for finding in signed)
        signatures = self._signatures
        return passed and signatures is not None and signatures.vouches(self._panel.sealers)

    async def _in_time(self, answer: Deferred[T], until: float) -> T:
        """Wait for an answer, until it is too late."""
        if not answer.called:
            left = max(0.0, until - self._panel.clock.seconds())
            answer.addTimeout(left, self._panel.clock)
        return await answer

    async def _judge(self, keys: Mapping[str, Records]) -> Sequence[Finding]:
        """Verify the signatures, if there are any."""
        signatures = self._signatures
        if signatures is None:
            return [Finding("dkim", NONE), Finding("arc", NONE)]
        if not keys:
            return signatures.judge(keys)
        verifying = begun(
            self._judge_aside(signatures, keys),
            lambda reason: (Finding("dkim", TEMPERROR, (), reason),),
            late=_UNVERIFIED,
        )
        return await self._in_time(verifying, self._panel.clock.seconds() + VERIFY_WAIT)

    async def _judge_aside(
        self, signatures: Signatures, keys: Mapping[str, Records]
    ) -> tuple[Finding, ...]:
        """Verify them off the reactor; what nobody waits for any more is not begun there."""
        late = False

        def judge() -> tuple[Finding, ...]:
            return () if late else signatures.judge(keys)

        try:
            return await self._panel.aside(judge)
        except CancelledError:
            late = True
            raise


async def _answer(resolver: Resolver, name: str, kind: str) -> Records:
    """Ask DNS."""
    return await resolver.lookup(name, kind)


def _finding(method: str, work: Coroutine[Any, Any, Finding]) -> Deferred[Finding]:
    """Begin to find something out; where that fails, it is temperror."""
    return begun(work, lambda reason: Finding(method, TEMPERROR, (), reason))
