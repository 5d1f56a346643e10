"""
Why no mail comes: found by elimination, from what the server saw and what DNS says, in this order.

Does the server take mail at all? Did somebody come, and what kept them from leaving a mail? Did
nobody come: would they find the way by DNS? If so, something stands in front of the port.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gomail.cli.ticks import Session

_DOMAIN = re.compile(r"@([A-Za-z0-9.-]+)>")
_SHOWN = 3  # recipients that were refused
UNKNOWN_MAILBOX, NOT_OURS = "5.1.1", "5.7.1"  # RFC 3463, as `gomail.reply` has them


class Reason(NamedTuple):
    """
    One reason.

    Attributes:
        code: a word that stays the same from version to version.
        text: the same for people.
        remedy: what to do.
    """

    code: str
    text: str
    remedy: str


def explain(
    address: str,
    status: Mapping[str, Any],
    sessions: Sequence[Session],
    dns: Callable[[], Sequence[Reason]],
) -> tuple[Reason, ...]:
    """
    Give what may be the reason; *dns* is asked only where nobody has come from outside.

    Args:
        address: for which mail is waited.
        status: how the server fares, as it says.
        sessions: those since the waiting began.
        dns: finds what is wrong with the records of the domain, or that it can't be asked.
    """
    found = [*_of_server(status), *_of_sessions(address, sessions)]
    if found:
        return tuple(found)
    if any(session.public for session in sessions):
        return (
            Reason(
                "not-sent",
                "others reach this server, and nobody of them has named the address",
                "see at the sender whether the mail has left, and whether the address is right",
            ),
        )
    return tuple(dns()) or (_nobody(status),)


def _of_server(status: Mapping[str, Any]) -> Iterator[Reason]:
    """See whether the server takes mail at all."""
    if status["health"]["state"] == "failing":
        why = "; ".join(status["health"]["reasons"].values())
        yield Reason(
            "server-failing", f"the server stores no mail: {why}", "gomail status has more"
        )
    elif "mailboxes-refuse" in status["health"]["reasons"]:
        why = status["health"]["reasons"]["mailboxes-refuse"]
        yield Reason("mailboxes-refuse", why, "mend that; gomail doctor looks at the Maildir")
    elif "database-fails" in status["health"]["reasons"]:
        why = status["health"]["reasons"]["database-fails"]
        yield Reason("database-fails", why, "mend the database: a new file counts at once")
    elif not status["listeners"]:
        yield Reason("not-listening", "the server listens nowhere", "add a [[listener]]")


def _of_sessions(address: str, sessions: Sequence[Session]) -> Iterator[Reason]:
    """See what kept those who came from leaving the mail."""
    to: dict[str, dict[str, None]] = {UNKNOWN_MAILBOX: {}, NOT_OURS: {}}
    others = []
    for session in sessions:
        for said, status, _ in session.refusals:
            if "RCPT" in said[:6].upper() and status in to:
                to[status][said] = None
                break
        else:  # what is refused behind a recipient is so because of that
            others += [reply for _, _, reply in session.refusals]
    if to[UNKNOWN_MAILBOX]:
        yield Reason(
            "unknown-mailbox",
            f"there is no such mailbox: {_few(to[UNKNOWN_MAILBOX])}",
            f"write to {address}, or add the name to mailboxes or aliases of its domain",
        )
    if to[NOT_OURS]:
        yield Reason(
            "wrong-domain",
            f"the domain is none of ours: {_few(to[NOT_OURS])}",
            f"write to {address}, or, if it is yours, add the domain to the configuration: "
            f'[domains."{_domain(to[NOT_OURS])}"]',
        )
    failed = [each for each in sessions if each.tls_failed]
    if failed:
        yield Reason(
            "tls-failed",
            f"{failed[-1].address}: {failed[-1].ended}",
            "gomail certificates show tells what is wrong with the certificate, if it is that",
        )
    if others:
        text = f"a client was refused: {others[-1]}"
        yield Reason("refused", text, "the log of the server has the reason")


def _domain(said: Iterable[str]) -> str:
    """Give the domain of the last recipient that can be read."""
    found = [match[1] for match in map(_DOMAIN.search, said) if match]
    return found[-1].lower() if found else "example.org"


def _few(said: Iterable[str]) -> str:
    """Write the last few of several lines."""
    return ", ".join(list(said)[-_SHOWN:])


def _nobody(status: Mapping[str, Any]) -> Reason:
    """Say that nobody has come, though DNS is fine."""
    last = status["last-public"]
    if last is not None:
        return Reason(
            "not-sent",
            f"DNS is sound, and {last['address']} came from outside at {last['time']}: the port is "
            "open, and nobody has come since you wait",
            "see at the sender whether the mail has left",
        )
    return Reason(
        "no-connection",
        "DNS is sound, and nobody from a public address has connected since the server began: "
        "something in front of the port keeps them away, such as a firewall on this machine, the "
        "one in your provider's console, or a router that does not pass port 25 on",
        "gomail doctor looks at this machine's firewall; the other two only you can see",
    )
