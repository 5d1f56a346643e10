"""All servers, by name, and which of them can be measured here."""

from collections.abc import Sequence

from bench.peers.checked import GomailChecked, PostfixChecked
from bench.peers.gomail import (
    Gomail,
    GomailFilesystem,
    GomailNull,
    GomailSlowDisk,
    GomailUnsynced,
    GomailWorkers,
)
from bench.peers.libraries import (
    AiosmtpdMailbox,
    AiosmtpdNull,
    TwistedBare,
    TwistedMaildir,
    TwistedNull,
)
from bench.peers.peer import Peer
from bench.peers.postfix import Postfix, Sink

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Gomail(),
        Postfix(),
        TwistedMaildir(),
        AiosmtpdMailbox(),
        GomailNull(),
        Sink(),
        TwistedBare(),
        TwistedNull(),
        AiosmtpdNull(),
        GomailUnsynced(),
        GomailFilesystem(),
        GomailWorkers(),
        GomailSlowDisk(),
        GomailChecked(),
        PostfixChecked(),
    )
}


def present(names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Give those of *names* that can be measured here, and why the others can't."""
    reasons = {name: PEERS[name].missing() for name in names}
    return (
        [name for name in names if reasons[name] is None],
        {name: reason for name, reason in reasons.items() if reason is not None},
    )
