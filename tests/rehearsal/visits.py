"""Sessions tried in tests: a configuration, a visitor, and what came of it."""

from pathlib import Path as File
from typing import cast

from zope.interface import implementer

from gomail.address import Path
from gomail.checks.dns.zone import Zone
from gomail.checks.own import Facts, ICheck, ILook
from gomail.config import Configuration, parse
from gomail.finding import Finding
from gomail.rehearsal.session import Rehearsal
from gomail.rehearsal.visit import Outcome, Visit
from gomail.server.reactor import Reactor
from gomail.smtp.grammar import read_mail, read_rcpt

ZONE = """
$ORIGIN example.org.
@               TXT "v=spf1 ip4:192.0.2.1 -all"
mx              A 192.0.2.1
_dmarc          TXT "v=DMARC1; p=reject"
1.2.0.192.in-addr.arpa.  PTR mx.example.org.
"""
MESSAGE = b"From: joe@example.org\n\nTrust me.\n"
DOMAIN = """
hostname = "mx.here.example"
maildir = "mail/{domain}/{mailbox}"
[domains."here.example"]
mailboxes = ["alice", "bob"]
"""
OURS, OTHERS = "192.0.2.1", "198.51.100.7"


def configured(folder: File, text: str = DOMAIN) -> Configuration:
    """Read a configuration of a server in a folder, where its Maildirs have a place."""
    (folder / "mail").mkdir(exist_ok=True)
    return parse(f'state = "{folder}/state"\n{text}', str(folder / "gomail.toml"))


def path_to(text: str) -> Path:
    """Read a recipient as it stands in RCPT."""
    return read_rcpt(f"TO:{text}".encode(), utf8=True)


def visit(
    *to: str,
    ip: str = OURS,
    helo: str = "mx.example.org",
    sender: str = "joe@example.org",
    content: bytes | None = MESSAGE,
    tls: bool = False,
) -> Visit:
    """Make a visit, by default of somebody who may send."""
    reverse_path = read_mail(f"FROM:<{sender}> SMTPUTF8".encode()).reverse_path
    return Visit(ip, helo, reverse_path, tuple(map(path_to, to)), content, tls)


async def rehearsed(
    configuration: Configuration,
    visitor: Visit,
    *,
    listener: int = 0,
    own: tuple[ICheck, ...] = (),
    kind: type[Rehearsal] = Rehearsal,
) -> Outcome:
    """Try a session on the reactor that runs."""
    from twisted.internet import reactor

    rehearsal = kind(
        cast("Reactor", reactor),
        configuration,
        configuration.listeners[listener],
        own=own,
        resolver=Zone(ZONE),
        now=lambda: 1_750_000_000.0,
    )
    return await rehearsal.visit(visitor)


def told(outcome: Outcome, said: str) -> list[str]:
    """Give the reasons of the step that begins so, each with its settings."""
    steps = [each for each in outcome.steps if each.said.startswith(said)]
    step, *_ = steps if said else outcome.steps
    return [f"{text} {list(keys)}" if keys else text for text, keys in step.reasons]


def replies(outcome: Outcome) -> list[str]:
    """Give the first words of all replies: the code, and the enhanced one."""
    return [" ".join(each.reply.octets.decode().split()[:2]) for each in outcome.steps]


def tree(folder: File) -> dict[str, tuple[int, int]]:
    """Tell all files and folders by name, with what changes when they are written to."""
    return {
        str(each.relative_to(folder)): (each.lstat().st_mtime_ns, each.lstat().st_size)
        for each in folder.rglob("*")
    }


@implementer(ICheck, ILook)
class Grumpy:
    """A check of one's own that lets nothing pass."""

    method = "grumpy"

    def begin(self, facts: Facts) -> "Grumpy":
        """Look at a message."""
        return self

    def header(self, block: bytes) -> None:
        """See the header."""

    def body(self, octets: bytes) -> None:
        """See the body."""

    def finding(self) -> Finding:
        """Dislike it."""
        return Finding("grumpy", "fail")

    def close(self) -> None:
        """Look no more."""


ALICE = "alice@here.example"
