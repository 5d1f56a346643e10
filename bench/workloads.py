"""The loads that servers are raced under: what is sent, by how many at once, and to whom."""

from dataclasses import dataclass

from bench.letters import Letter, letter

DURABLE = ("gomail", "postfix", "twisted.mail-maildir", "aiosmtpd-mailbox")
NOTHING = ("gomail-null", "smtp-sink", "twisted-bare", "twisted.mail-null", "aiosmtpd-null")
_LARGE = 25_000_000


@dataclass(frozen=True, slots=True)
class Workload:
    """
    One kind of load.

    Attributes:
        name: as it is chosen on the command line.
        title: what it is, in a sentence.
        load: "source" (smtp-source, a connection each), "kept" (smtp-source, many a connection),
            "pipelined" or "bulk" (our own).
        octets: of a message.
        sessions: at once.
        recipients: of each message.
        peers: who takes part.
        first: messages with which the rate is found out.
    """

    name: str
    title: str
    load: str
    octets: int
    sessions: int
    recipients: int = 1
    peers: tuple[str, ...] = DURABLE + NOTHING
    first: int = 200

    @property
    def letter(self) -> Letter:
        """Give what is sent."""
        return letter(self.name, self.octets)

    @property
    def in_megabytes(self) -> bool:
        """Whether it is told in MB/s."""
        return self.octets >= 1_000_000


_ALL = (
    Workload("small", "1 KB, a connection each, 20 sessions", "source", 1000, 20),
    Workload("keep-alive", "1 KB, many a connection, 20 sessions", "kept", 1000, 20),
    Workload("pipelined", "1 KB, commands pipelined, 20 sessions", "pipelined", 1000, 20),
    Workload("medium", "50 KB, a connection each, 10 sessions", "source", 51_200, 10, first=60),
    Workload("large", "25 MB, 2 sessions, smtp-source", "source", _LARGE, 2, first=2),
    Workload("bulk", "25 MB in one write, 2 sessions", "bulk", _LARGE, 2, first=2),
    Workload(
        "crowd",
        "25 MB, 20 sessions at once: memory",
        "bulk",
        _LARGE,
        20,
        peers=("gomail", "gomail-null"),
        first=20,
    ),
    Workload(
        "recipients",
        "1 KB for 100 recipients in one Maildir, 10 sessions",
        "kept",
        1000,
        10,
        recipients=100,
        first=10,
    ),
    Workload(
        "price",
        "1 KB, many a connection, 20 sessions: durable beside not",
        "kept",
        1000,
        20,
        peers=("gomail", "gomail-unsynced", "gomail-filesystem"),
    ),
    Workload(
        "workers",
        "1 KB, a connection each, 20 sessions: two workers beside one server",
        "source",
        1000,
        20,
        peers=("gomail", "gomail-workers", "postfix"),
    ),
)
WORKLOADS = {each.name: each for each in _ALL}
