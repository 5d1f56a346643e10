"""One message on its way to the delivery agent, and who waits for it."""

from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gomail.delivery.deposit import Deposit
from gomail.delivery.orders import Order

PATIENCE = 235.0  # seconds to store a message: a little later the session says 451 by itself


@dataclass(slots=True)
class Job:
    """
    A deposit, and the Deferred that waits for it.

    Attributes:
        deposit: what is to be stored …
        content: … with these octets.
        asked: when that was asked for, by the monotonic clock.
        done: fires with the deposit.
    """

    deposit: Deposit
    content: bytes | bytearray
    asked: float
    done: Deferred[Deposit]

    def order(self, number: int) -> Order:
        """Write the order."""
        deposit = self.deposit
        filings = tuple((filing.path, filing.trace) for filing in deposit.filings)
        until, group = min(deposit.until, self.asked + PATIENCE), deposit.ownership.group
        return Order(number, until, deposit.hostname, group, filings, self.content)

    def conclude(self, fault: Failure | None = None) -> None:
        """Give the deposit back, or say why not, unless nobody waits for it any more."""
        if not self.done.called:
            self.done.callback(fault or self.deposit)
