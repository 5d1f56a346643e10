"""Who is inside, over all workers: the budgets of addresses and networks are the parent's."""

from collections import Counter
from collections.abc import Hashable

from gomail.limits import Limits
from gomail.smtp.admission import network_of

ADDRESS = "address"
NETWORK = "network"


class Census:
    """
    Counts the sessions of strangers, by the worker that has them.

    Each worker counts its own as well; here it is asked for what only the sum can tell.
    """

    def __init__(self, limits: Limits) -> None:
        """Begin with nobody inside."""
        self._limits = limits
        self._addresses: Counter[str] = Counter()
        self._networks: Counter[str] = Counter()
        self._of: dict[Hashable, Counter[str]] = {}

    def enter(self, worker: Hashable, address: str) -> str | None:
        """Count a session; or give what would be too much: ``address`` or ``network``."""
        if self._addresses[address] >= self._limits.sessions_per_address:
            return ADDRESS
        if self._networks[network_of(address)] >= self._limits.sessions_per_network:
            return NETWORK
        self._addresses[address] += 1
        self._networks[network_of(address)] += 1
        self._of.setdefault(worker, Counter())[address] += 1
        return None

    def leave(self, worker: Hashable, address: str) -> None:
        """Count a session as gone; keep no entry for what is at nought."""
        _less(self._of[worker], address, 1)
        self._less(address, 1)

    def lose(self, worker: Hashable) -> None:
        """Count all sessions of a worker as gone."""
        for address, count in self._of.pop(worker, Counter()).items():
            self._less(address, count)

    def _less(self, address: str, count: int) -> None:
        """Take so many off."""
        _less(self._addresses, address, count)
        _less(self._networks, network_of(address), count)


def _less(counter: Counter[str], key: str, count: int) -> None:
    """Take so many off, and the entry with the last."""
    counter[key] -= count
    if counter[key] <= 0:
        del counter[key]
