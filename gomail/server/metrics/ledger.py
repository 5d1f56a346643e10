"""
A tally that counts for monitoring, too: one listener, look-ups and additions.

Whatever a label may be stands here, or in the configuration: nothing that a client says becomes
one.
"""

from collections.abc import Container

from gomail.events import Checked, MessageStored, SessionEnded
from gomail.server.control.tally import Networks, Tally
from gomail.server.metrics.figures import Figures, Table, add, histogram
from gomail.server.metrics.providers import OTHER, PROVIDERS, provider_of
from gomail.smtp.encryption import HANDSHAKE_FAILED, HANDSHAKE_LATE, HANDSHAKE_LEFT

VERSIONS = ("TLSv1.2", "TLSv1.3", OTHER)
# How handshakes end: well; as one side has something against it; as the client leaves in it, or
# behind it without a word, or takes too long.
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
        self._versions: Table = {(each,): 0 for each in VERSIONS}
        self._handshakes: Table = {(each, how): 0 for each in PROVIDERS for how in OUTCOMES}
        self._results: Table = {(method, each): 0 for method in METHODS for each in RESULTS}
        self._actions: Table = {(each,): 0 for each in ACTIONS}
        self._stored_in, self._batches = histogram(), histogram()

    def figures(self) -> Figures:
        """Give what is counted here alone; `plain` gives the rest."""
        return {
            "versions": dict(self._versions),
            "handshakes": dict(self._handshakes),
            "results": dict(self._results),
            "actions": dict(self._actions),
            "stored": list(self._stored_in),
            "batches": list(self._batches),
        }

    def batch(self, seconds: float) -> None:
        """Count a batch that has become durable."""
        add(self._batches, seconds)

    def _ended(self, event: SessionEnded) -> None:
        """Count a session, and how its handshake went, if there was one."""
        self._sessions += 1
        encryption = event.client.encryption
        if encryption is not None:
            version = encryption.version if encryption.version in VERSIONS else OTHER
            self._versions[version,] += 1
            helo = event.client.helo
            self._shaken(helo or event.claimed, "ok" if helo else "silent")
        elif event.reason:
            how = _TROUBLES.get(event.reason.partition(":")[0])
            if how is not None:
                self._shaken(event.client.helo, how)

    def _shaken(self, name: str, how: str) -> None:
        """Count a handshake with who calls itself by *name*."""
        self._handshakes[provider_of(name), how] += 1

    def _stored(self, event: MessageStored) -> None:
        """Count a message, and how long its sender waited for the 250."""
        self._messages += 1
        self._octets += event.size
        add(self._stored_in, event.seconds)

    def _checked(self, event: Checked) -> None:
        """Count what was found out of a message, and what became of it."""
        super()._checked(event)
        self._actions[event.action,] += 1
        results = self._results
        for finding in event.findings:
            method = finding.method if finding.method in METHODS else OTHER
            result = finding.result if finding.result in RESULTS else OTHER
            results[method, result] += 1
