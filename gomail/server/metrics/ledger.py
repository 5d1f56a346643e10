"""
A tally that counts for monitoring, too: one listener, look-ups and additions.

Whatever a label may be stands here, or in the configuration: nothing that a client says becomes
one.
"""

from bisect import bisect_left
from collections.abc import Container

from gomail.events import Checked, MessageStored, SessionEnded
from gomail.server.control.tally import Networks, Tally
from gomail.server.metrics.figures import BOUNDS, Figures, Table, add, histogram
from gomail.server.metrics.providers import OTHER, PROVIDERS, provider_of
from gomail.smtp.encryption import HANDSHAKE_FAILED, HANDSHAKE_LATE, HANDSHAKE_LEFT

VERSIONS = ("TLSv1.2", "TLSv1.3", OTHER)
# How handshakes end: well; as one side has something against it; as the client leaves in it, says
# no EHLO behind it, or takes too long.
OUTCOMES = ("ok", "failed", "eof", "silent", "late")
METHODS = ("iprev", "spf", "dkim", "arc", "dmarc", OTHER)
RESULTS = (
    *("pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"),
    OTHER,
)
ACTIONS = ("none", "mark", "junk", "defer", "refuse")
_TROUBLES = {HANDSHAKE_FAILED: "failed", HANDSHAKE_LEFT: "eof", HANDSHAKE_LATE: "late"}


class Ledger(Tally):
    """
    Counts all that.

    Args:
        proxies, known: as for `Tally`.
    """

    def __init__(self, proxies: Networks = (), known: Container[bytes] = ()) -> None:
        super().__init__(proxies, known)
        self._versions = dict.fromkeys(VERSIONS, 0)
        self._handshakes: Table = {(each, how): 0 for each in PROVIDERS for how in OUTCOMES}
        self._results: Table = {(method, each): 0 for method in METHODS for each in RESULTS}
        self._actions = dict.fromkeys(ACTIONS, 0)
        self._stored_in, self._batches = histogram(), histogram()

    def figures(self) -> Figures:
        """Give what is counted here alone; `plain` gives the rest."""
        return {
            "versions": {(name,): count for name, count in self._versions.items()},
            "handshakes": dict(self._handshakes),
            "results": dict(self._results),
            "actions": {(name,): count for name, count in self._actions.items()},
            "stored": list(self._stored_in),
            "batches": list(self._batches),
        }

    def batch(self, seconds: float) -> None:
        """Count a batch that has become durable."""
        add(self._batches, seconds)

    def _ended(self, event: SessionEnded) -> None:
        """Count a session, and how its handshake went, if there was one."""
        self._sessions += 1
        client = event.client
        encryption, helo = client.encryption, client.helo
        if encryption is None:
            if event.reason:
                self._see_why(helo, event.reason)
            return
        version, versions = encryption.version, self._versions
        versions[version if version in versions else OTHER] += 1
        how = "ok" if helo else "silent"
        self._handshakes[provider_of(helo or event.claimed), how] += 1

    def _see_why(self, helo: str, reason: str) -> None:
        """Count a handshake that came to nothing, where that is why a session has ended."""
        how = _TROUBLES.get(reason.partition(":")[0])
        if how is not None:
            self._handshakes[provider_of(helo), how] += 1

    def _stored(self, event: MessageStored) -> None:
        """Count a message, and how long its sender waited for the 250."""
        self._messages += 1
        self._octets += event.size
        seconds, counts = event.seconds, self._stored_in
        counts[bisect_left(BOUNDS, seconds)] += 1  # as `add` does, without a call
        counts[-1] += seconds

    def _checked(self, event: Checked) -> None:
        """Count what was found out of a message, and what became of it."""
        super()._checked(event)
        self._actions[event.action] += 1
        results = self._results
        for method, result, _, _ in event.findings:
            key = method, result
            if key not in results:
                key = (
                    method if method in METHODS else OTHER,
                    result if result in RESULTS else OTHER,
                )
            results[key] += 1
