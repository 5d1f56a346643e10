"""
What an `IMessageDelivery` of one's own must stand: checks with faults injected, under any runner.

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    def test_my_delivery(check, tmp_path):
        check.now(Subject(MyDeliveries(tmp_path), stored=lambda: [...]))

Where answers come out of threads, the subject has the reactor as its clock, and the test awaits
``check(subject)``. A check for which the subject lacks something is skipped, by
`unittest.SkipTest`, which pytest knows.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from unittest import SkipTest

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gomail.testing import calamities, checks
from gomail.testing.bench import Bench, Subject


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a delivery must stand."""

    check: Callable[[Bench], Coroutine[Any, Any, None]]

    def __str__(self) -> str:
        """Name it, for the ids of parametrized tests."""
        return self.check.__name__

    def __call__(self, subject: Subject) -> Deferred[None]:
        """Check *subject*; what it does not stand is an AssertionError, with a sentence."""

        async def checked() -> None:
            bench = Bench(subject)
            try:
                await self.check(bench)
            except AssertionError as error:
                complaints = bench.complaints
                if complaints:
                    raise AssertionError(f"{error}; {complaints}") from error
                raise
            bench.close()
            await bench.until(
                lambda: bench.witness.ended == bench.witness.welcomed,
                "transactionEnded was not called once for each welcomed reverse-path",
            )

        return Deferred.fromCoroutine(checked())

    def now(self, subject: Subject) -> None:
        """Check a *subject* that never makes anybody wait."""
        results: list[Failure | None] = []
        checking = self(subject)
        checking.addBoth(results.append)
        if not results:
            checking.cancel()
            msg = "the delivery answers later: give the subject a reactor as its clock, and await"
            raise AssertionError(msg)
        if results[0] is not None:
            results[0].raiseException()


async def check_delivery(make: Callable[[], Subject]) -> None:
    """
    Do all checks, each on a subject of its own.

    Raises:
        ExceptionGroup: of AssertionErrors, one for each check that the subject did not stand.
    """
    failures: list[Exception] = []
    for check in CHECKS:
        try:
            await check(make())
        except SkipTest:
            continue
        except Exception as error:  # noqa: BLE001 -- told below, all together
            error.add_note(f"check: {check}")
            failures.append(error)
    if failures:
        msg = "the delivery does not conform"
        raise ExceptionGroup(msg, failures)


CHECKS = tuple(
    Check(check)
    for check in (
        checks.message_is_stored_before_the_reply,
        checks.message_is_stored_once,
        checks.content_is_kept,
        checks.packets_make_no_difference,
        checks.bounces_are_welcome,
        checks.refused_recipient_concerns_nobody_else,
        checks.thousand_recipients_are_served,
        checks.session_takes_several_messages,
        checks.sessions_do_not_mix,
        checks.ended_transaction_is_forgotten,
        checks.huge_message_takes_little_memory,
        calamities.given_up_message_leaves_nothing,
        calamities.client_may_vanish_at_any_time,
        calamities.refusal_in_the_middle_leaves_nothing,
        calamities.too_big_message_leaves_nothing,
        calamities.faults_elsewhere_are_survived,
        calamities.broken_storage_defers,
        calamities.late_answers_change_nothing,
        calamities.client_may_vanish_while_answers_are_awaited,
    )
)
